//! What is read from a `.env` file, and what is a problem of the name that it is read for.

use std::fmt::Write as _;
use std::fs;

use super::{broken, resolution, resolve};
use crate::backing::BackingServices;
use crate::concurrent::Work;
use crate::environment::dotenv::STEPS;
use crate::environment::{Environment, Origin, Unreadable};
use crate::error::Failures;
use crate::error::ProblemKind;
use crate::generated::{Loader, Output, Outputs, Scope};
use crate::table::{Field, Kind, Table};

/// The pairs that stand for the process, and a `.env` file of this text.
fn layers(pairs: &[(&str, &str)], text: impl AsRef<[u8]>) -> Environment {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    fs::write(&path, text).unwrap();
    Environment::from_pairs(pairs.iter().copied()).with_dotenv(path)
}

fn dotenv(text: impl AsRef<[u8]>) -> Environment {
    layers(&[], text)
}

/// A value and its line; `None` where the name is not set.
fn get(environment: &Environment, name: &str) -> Option<(String, usize)> {
    let found = environment.variable(name).map_err(|wrong| wrong.message).unwrap()?;
    let Origin::Dotenv { line, .. } = found.origin else { return Some((found.value.into(), 0)) };
    Some((found.value.into_owned(), line))
}

/// What is wrong with a name, and on which line.
fn wrong(environment: &Environment, name: &str) -> (String, usize) {
    let Err(Unreadable { message, help, origin, .. }) = environment.variable(name) else {
        panic!("`{name}` is read");
    };
    assert!(!help.is_empty());
    let Some(Origin::Dotenv { line, .. }) = origin else { panic!("{origin:?}") };
    (message, line)
}

#[track_caller]
fn reads(value: &str, expected: &str) {
    let environment = dotenv(format!("V={value}\nAFTER=1\n"));
    let expected = (!expected.is_empty()).then(|| (expected.to_owned(), 1));
    assert_eq!(get(&environment, "V"), expected, "{value}");
    assert_eq!(get(&environment, "AFTER").unwrap().0, "1", "{value}");
    assert!(broken(&environment).is_empty());
}

#[track_caller]
fn refuses(value: &str, message: &str) {
    let environment = dotenv(format!("BEFORE=1\nV={value}\nAFTER=1\n"));
    assert_eq!(wrong(&environment, "V"), (message.to_owned(), 2), "{value}");
    for name in ["BEFORE", "AFTER"] {
        assert_eq!(get(&environment, name).unwrap().0, "1", "{value}");
    }
    assert!(broken(&environment).is_empty(), "it is a problem of its name alone");
}

#[test]
fn a_plain_value() {
    reads("", "");
    reads("mysql://u:p%40ss@h:3306/db?a=b&c=d", "mysql://u:p%40ss@h:3306/db?a=b&c=d");
    reads("My Shop", "My Shop");
    reads("  80 \t", "80");
    reads("a=b=c", "a=b=c");
    reads("{}", "{}");
    reads("grün", "grün");
}

#[test]
fn a_comment_stands_behind_white_space() {
    reads(" # text", "");
    reads("80 # it's \"text\" with `$x` and \\", "80");
    reads("a#b", "a#b");
    reads("'a # b' # c", "a # b");
    reads("\"a # b\"\t# c", "a # b");
    refuses("#abc", "begins with a `#`");
}

#[test]
fn a_value_in_quotes() {
    reads("''", "");
    reads("\"\"", "");
    reads(" 'a b' ", "a b");
    reads("'pa$$w0rd \\n `\"x\"`'", "pa$$w0rd \\n `\"x\"`");
    reads("\"it's `b`\"", "it's `b`");
    reads(r#""\\ \" \' \$x \n \r \t""#, "\\ \" ' $x \n \r \t");
    refuses(r#""C:\Users""#, "has a backslash that escapes nothing");
    refuses("\"a\\\n\"", "has a backslash that escapes nothing");
}

#[test]
fn a_value_of_several_lines() {
    let environment = dotenv(
        "KEY=\"-----BEGIN-----\nNAME=no\n# no\n-----END-----\n\" # yes\nNEXT='a\nb'\nLAST=1\n",
    );
    let key = "-----BEGIN-----\nNAME=no\n# no\n-----END-----\n";
    assert_eq!(get(&environment, "KEY"), Some((key.to_owned(), 1)));
    assert_eq!(get(&environment, "NAME"), None);
    assert_eq!(get(&environment, "NEXT"), Some(("a\nb".to_owned(), 6)));
    assert_eq!(get(&environment, "LAST"), Some(("1".to_owned(), 8)));

    // What is wrong in such a value makes no entries of its lines.
    let environment = dotenv("KEY=\"$\nNAME=no\n\"\nLAST=1\n");
    assert_eq!(wrong(&environment, "KEY").1, 1);
    assert_eq!(get(&environment, "NAME"), None);
    assert_eq!(get(&environment, "LAST"), Some(("1".to_owned(), 4)));
}

#[test]
fn a_quote_stands_first_or_nowhere() {
    let message = "has a quote that does not stand first";
    refuses(r#"{"a":"b"}"#, message);
    refuses(r#"pa"ss"word"#, message);
    refuses("it's", message);
    let message = "goes on behind its closing quote";
    refuses("'it''s'", message);
    refuses(r#""a"b"#, message);
    refuses("'a'#b", message);
    refuses("'a\nb' c", message);
    refuses("'it\\'s", "goes on behind its closing quote");
    refuses("\"abc", "has no closing quote");
    refuses("'abc", "has no closing quote");
    refuses(r#""abc\""#, "has no closing quote");
}

#[test]
fn backslashes_and_backticks_stand_in_quotes() {
    for value in [r"C:\new", r"a\nb", r"pa\$word", r"a\"] {
        refuses(value, "has a backslash outside quotes");
    }
    refuses("`date`", "has a backtick outside quotes");
    refuses("a`b", "has a backtick outside quotes");
}

#[test]
fn a_dollar_stands_for_a_variable() {
    let text = "HOST=h\nNONE=\nA=${HOST}:1\nB=$HOST/db\nC=\"${HOST}\"\nD='${HOST}'\n\
                E=${OTHER:-o}\nF=${NONE:-o}\nG=${HOST:-o}\nH=a${NONE}$NONE\nI=${USER_NAME}\n\
                J=${X:-a${Y:-${HOST}b}c}\nK=${HOST:-${Y}}!\nL=$HOST$HOST\nM=\"$HOST_\"\n";
    let environment = layers(&[("USER_NAME", "u$HOST"), ("EMPTY", "")], text);
    for (name, value) in [
        ("A", "h:1"),
        ("B", "h/db"),
        ("C", "h"),
        ("D", "${HOST}"),
        ("E", "o"),
        ("F", "o"),
        ("G", "h"),
        ("H", "a"),
        ("I", "u$HOST"),
        ("J", "ahbc"),
        ("K", "h!"),
        ("L", "hh"),
    ] {
        assert_eq!(get(&environment, name).unwrap().0, value, "{name}");
    }
    let not_set = "a `$` in it stands for a variable that is not set";
    assert_eq!(wrong(&environment, "M").0, not_set);
    refuses("$AFTER", not_set);
    refuses("$V", not_set);
    refuses("${NONE:-$V}", not_set);
}

#[test]
fn any_other_dollar_is_a_problem() {
    let message = "a `$` in it stands for no variable";
    for value in [
        "pa$$word",
        "5$",
        "$",
        "$1",
        "$(date)",
        "${}",
        "${A",
        "${A:-b",
        "${A-b}",
        "${A:?b}",
        "${A:+b}",
        "${1}",
        "${A b}",
        "\"cost: $ 5\"",
        "${BEFORE:-$$}",
    ] {
        refuses(value, message);
    }
}

#[test]
fn the_process_comes_first_also_behind_a_dollar() {
    let text = "HOST=file\nPORT=1\nA=$HOST:$PORT\nB=${HOST:-x}\n";
    let environment = layers(&[("HOST", "process"), ("PORT", "")], text);
    assert_eq!(get(&environment, "A").unwrap().0, "process:1");
    assert_eq!(get(&environment, "B").unwrap().0, "process");

    // A file before this one is above it too, and of the process no more is seen than the pairs.
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("first"), "HOST=first\nBAD=it's\n").unwrap();
    fs::write(path("second"), "HOST=second\nA=$HOST\nB=$PATH\nC=$BAD\n").unwrap();
    let environment =
        Environment::from_pairs([("X", "")]).with_dotenv(path("first")).with_dotenv(path("second"));
    assert_eq!(get(&environment, "A").unwrap().0, "first");
    assert_eq!(wrong(&environment, "B").0, "a `$` in it stands for a variable that is not set");
    assert_eq!(wrong(&environment, "C").0, "a `$` in it stands for a variable that cannot be read");
}

#[cfg(unix)]
#[test]
fn a_dollar_for_what_is_not_unicode() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    fs::write(&path, "V=$BYTES\n").unwrap();
    let bytes = OsString::from_vec(vec![b'x', 0xff]);
    let environment = Environment::of(vec![("BYTES".into(), bytes)]).with_dotenv(&path);
    assert_eq!(wrong(&environment, "V").0, "a `$` in it stands for a variable that is not Unicode");
}

#[test]
fn a_dollar_for_what_cannot_be_read() {
    let environment = dotenv("A=it's\nB=$A\nC=${B:-c}\nD=${E:-$A}\n");
    let message = |line| format!("a `$` in it stands for the variable of line {line}");
    assert_eq!(wrong(&environment, "B"), (message(1) + ", which cannot be read", 2));
    assert_eq!(wrong(&environment, "C"), (message(2) + ", which cannot be read", 3));
    assert_eq!(wrong(&environment, "D"), (message(1) + ", which cannot be read", 4));
}

#[test]
fn a_name_twice() {
    let environment = dotenv("A=1\nB=1\nA='1'\nB=2\nB=3\nC=$A\nD=$B\nE=it's\nE=1\nF=1\nF=it's\n");
    assert_eq!(get(&environment, "A"), Some(("1".to_owned(), 1)));
    assert_eq!(wrong(&environment, "B"), ("line 4 gives it another value".to_owned(), 2));
    assert_eq!(get(&environment, "C").unwrap().0, "1");
    assert_eq!(wrong(&environment, "D").1, 7);
    assert_eq!(wrong(&environment, "E").1, 8);
    assert_eq!(wrong(&environment, "F").1, 11);
    let other = layers(&[("B", "process")], "B=1\nB=2\n");
    assert_eq!(get(&other, "B"), Some(("process".to_owned(), 0)));
}

#[test]
fn the_forms_of_a_line() {
    let environment = dotenv(
        b"\xef\xbb\xbfA=1\r\n\r\n  # text\r\nexport B=2\r\n\texport\tC = 3\r\n\
          export = 4\r\nD='a\r\nb'\r\nE=5\rF=6"
            .as_slice(),
    );
    for (name, value, line) in [
        ("A", "1", 1),
        ("B", "2", 4),
        ("C", "3", 5),
        ("export", "4", 6),
        ("D", "a\nb", 7),
        ("E", "5", 9),
        ("F", "6", 10),
    ] {
        assert_eq!(get(&environment, name), Some((value.to_owned(), line)), "{name}");
    }
}

#[test]
fn only_a_name_that_is_read_breaks_a_load() {
    let environment = dotenv("hunter2 hunter2\n=\nA B=1\nX=it's\nexport Y\nDB_URL=mysql://h\n");
    assert!(broken(&environment).is_empty());
    assert_eq!(resolve(&environment, &["DB_URL"]).unwrap().0, "mysql://h");
    assert_eq!(get(&environment, "B"), None);

    // Also one that leads to the value.
    for name in ["DB_URL_FILE", "DB_URI", "DB_HOST", "DB_PASSWORD", "DB_PASSWORD_FILE"] {
        let handle = if name.contains("PASSWORD") { "DB_URL=mysql://u@h" } else { "" };
        let environment = dotenv(format!("{handle}\n{name}=hunter's2\n"));
        let wrong = resolution(&environment).problems.into_iter().next().unwrap();
        assert_eq!(wrong.message, "has a quote that does not stand first", "{name}");
        let shown = wrong.origin.unwrap().to_string();
        assert!(shown.starts_with(name) && shown.ends_with("line 2)"), "{shown}");
    }
    for name in ["CREDENTIALS_DIRECTORY", "SERVICE_BINDING_ROOT", "VCAP_SERVICES_FILE_PATH"] {
        let environment = dotenv(format!("{name}=hunter's2\n"));
        let told = broken(&environment);
        assert_eq!(told[0].message(), "has a quote that does not stand first", "{name}");
    }
}

#[test]
fn no_text_of_a_value_is_told() {
    for value in [
        "hunter2's",
        "'hunter2",
        "'a'hunter2",
        "a\\hunter2",
        "`hunter2`",
        "$hunter2",
        "${hunter2}",
        "${hunter2:?hunter2}",
        "#hunter2",
        "1\nV=hunter2",
    ] {
        let Err(Unreadable { message, help, .. }) =
            dotenv(format!("V={value}\n")).setting(&["V"], "")
        else {
            panic!("{value}");
        };
        assert!(!format!("{message}{help}").contains("hunter2"), "{message}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    let environment = dotenv(b"# gr\xfcn\nV=gr\xfcn\nA=1\n".as_slice());
    assert_eq!(wrong(&environment, "V"), ("is not UTF-8".to_owned(), 2));
    assert_eq!(get(&environment, "A").unwrap().0, "1");
    assert!(broken(&environment).is_empty());

    let utf_16 = dotenv(b"\xff\xfeA\0=\x001\0".as_slice());
    assert_eq!(broken(&utf_16)[0].message(), "the file is not UTF-8");
}

#[test]
fn a_bomb_does_not_go_off() {
    let mut text = format!("A0={}\n", "x".repeat(64));
    for n in 1..40 {
        writeln!(text, "A{n}={}", format!("${{A{}}}", n - 1).repeat(2)).unwrap();
    }
    assert!(text.len() < 1000);
    let environment = dotenv(text + "B=$A0\n");
    assert_eq!(get(&environment, "A3").unwrap().0.len(), 512);
    assert_eq!(wrong(&environment, "A14").0, "becomes too long, with what its `$` stand for");
    assert!(wrong(&environment, "A39").0.contains("the variable of line 39,"));
}

/// What is done for a file of 1 MB of these lines, as a multiple of its length.
fn work(line: impl Fn(usize) -> String) -> usize {
    let (mut text, mut n) = (String::new(), 0);
    while text.len() < 1_000_000 {
        text += &line(n);
        n += 1;
    }
    STEPS.set(0);
    let environment = dotenv(&text);
    assert!(environment.layers[1].variables.len() + environment.layers[1].unreadable.len() > 0);
    STEPS.get().div_ceil(text.len())
}

#[test]
fn the_work_is_linear_in_the_length_of_the_file() {
    let lines: [&dyn Fn(usize) -> String; 12] = [
        &|n| format!("A{n}=1\n"),
        &|n| format!("A{n}=$A{}\n", n.saturating_sub(1)),
        &|n| format!("A{n}=it's\n"),
        &|n| format!("A{n}='\n"),
        &|n| format!("A{n}=\"\n"),
        &|n| format!("A{n}='x\nB{n}=\"\n'y\n"),
        &|n| if n == 0 { "A='\n".to_owned() } else { format!("A{n}=\"\\\"\n") },
        &|n| if n == 0 { "A=\"\n".to_owned() } else { format!("A{n}=\\\"\n") },
        &|_| "A=1\n".to_owned(),
        &|n| format!("A={n}\n"),
        &|_| "A=${A:-".to_owned(),
        &|_| "x\n".to_owned(),
    ];
    for (n, line) in lines.iter().enumerate() {
        let work = work(line);
        assert!(work <= 6, "{work} steps a byte for the {n}th file");
    }
}

#[test]
fn the_file_is_a_regular_one_of_at_most_1_mb() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    let told = |path: &std::path::Path| {
        let problems = broken(&Environment::default().with_dotenv(path));
        problems.iter().map(|problem| problem.message().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told(&path), [""; 0]);
    fs::write(&path, "#".repeat(1024 * 1024)).unwrap();
    assert_eq!(told(&path), [""; 0]);
    fs::write(&path, "#".repeat(1024 * 1024 + 1)).unwrap();
    assert_eq!(told(&path), ["the file cannot be read: it is larger than 1024 KiB"]);
    let not_regular = ["the file cannot be read: it is not a regular file"];
    assert_eq!(told(folder.path()), not_regular);
    #[cfg(unix)]
    {
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(told(&pipe), not_regular);
    }
}

/// A struct with the setting `PORT`, as the derive makes one.
struct Services;

impl BackingServices for Services {
    type Clients = ();
    type Results = ();

    const TABLE: &'static Table = &Table {
        name: "Services",
        fields: &[Field {
            name: "port",
            doc: "",
            kind: Kind::Setting { variables: &["PORT"], required: true, default: None, ty: "u16" },
        }],
    };

    fn __load(loader: &mut Loader<'_>) -> Option<Self> {
        loader.setting::<u16>(0).map(|_| Self)
    }

    fn __start<'a>(&'a self, _: &'a Scope<'a>) -> Vec<Work<'a, Output>> {
        Vec::new()
    }

    fn __results(_: Outputs) {}

    fn __clients(_: Outputs) -> Option<()> {
        Some(())
    }

    fn __ping<'a>((): &'a (), _: &'a Scope<'a>) -> Vec<Work<'a, Result<(), Failures>>> {
        Vec::new()
    }

    fn __close<'a>((): (), _: &'a Scope<'a>) -> Vec<Work<'a, ()>> {
        Vec::new()
    }
}

#[test]
fn a_report_of_what_is_not_set_names_the_file_that_was_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env.prodution");
    let shown = path.display();
    let environment = Environment::from_pairs([("PORT", "80")]).with_dotenv(&path);
    assert!(Services::load(&environment).is_ok(), "production has no such file");

    let help = |environment: &Environment| {
        Services::load(environment).err().unwrap().problems()[0].help().to_owned()
    };
    let environment = Environment::default().with_dotenv(&path);
    assert_eq!(environment.missing_dotenv().collect::<Vec<_>>(), [shown.to_string()]);
    assert_eq!(
        help(&environment),
        format!("set it to a whole number from 0 to 65535; the file `{shown}` was not found")
    );
    let environment = Environment::from_pairs([("PROT", "80")]).with_dotenv(&path);
    assert_eq!(
        help(&environment),
        format!("`PROT` is set: did you mean `PORT`? the file `{shown}` was not found")
    );
}

#[test]
fn a_report_of_what_is_not_set_names_a_line_that_has_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    fs::write(&path, "A=1\nPORT: 80\nhunter2\n").unwrap();
    let environment = Environment::default().with_dotenv(&path);
    let report = Services::load(&environment).err().unwrap();
    assert_eq!(
        report.problems()[0].help(),
        format!(
            "set it to a whole number from 0 to 65535; line 2 of `{}` is not of the form `NAME=value`: \
             write it so, and put a value of several lines into quotes",
            path.display()
        )
    );
}

#[test]
fn a_setting_that_cannot_be_read_is_a_problem_of_its_field() {
    let report = Services::load(&dotenv("OTHER=it's\nPORT=`80`\n")).err().unwrap();
    let [problem] = report.problems() else { panic!("{report}") };
    assert_eq!((problem.field(), problem.variable()), ("Services::port", "PORT"));
    assert_eq!(problem.kind(), ProblemKind::Unreadable);
    assert!(report.to_string().contains("line 2"), "{report}");
}
