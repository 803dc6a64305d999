//! The picture of a manifest, drawn by a real browser: no label is cut, none lies over another.

use std::process::Command;

use backing_services::{BackingServices, Environment, Mail, Memcached, MySql, Picture, Sql};
use serde::Deserialize;

#[derive(BackingServices)]
struct Services {
    #[service(env = "DATABASE_URL")]
    db: MySql,
    #[service(default = "memcached://localhost:11211")]
    cache: Memcached,
    mail: Option<Mail>,
    #[service(nested)]
    reports: Reports,
    #[service(
        env = "A_VARIABLE_WITH_A_NAME_THAT_IS_AS_LONG_AS_ANYBODY_WOULD_EVER_CARE_TO_MAKE_IT_URL"
    )]
    long: Option<Sql>,
}

#[derive(BackingServices)]
struct Reports {
    warehouse: Sql,
    stock: Sql,
}

#[derive(BackingServices)]
struct One {
    db: Sql,
}

#[derive(BackingServices)]
#[expect(dead_code, reason = "a setting is not drawn")]
struct NoneAtAll {
    #[setting]
    port: u16,
}

/// A rectangle on the page.
#[derive(Deserialize, Debug)]
struct Area {
    #[expect(dead_code, reason = "shown by a failure")]
    text: String,
    x: f64,
    y: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    fn is_inside(&self, other: &Self) -> bool {
        self.x >= other.x
            && self.y >= other.y
            && self.right <= other.right
            && self.bottom <= other.bottom
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.x < other.right
            && other.x < self.right
            && self.y < other.bottom
            && other.y < self.bottom
    }
}

#[derive(Deserialize, Debug)]
struct Drawn {
    page: Area,
    labels: Vec<Area>,
    /// What each label stands in; a label of the legend stands beside its mark.
    shapes: Vec<Area>,
    /// Of each label, whether it is one of the legend.
    legend: Vec<bool>,
}

const SCRIPT: &str = "
const area = (it) => {
    const {x, y, right, bottom} = it.getBoundingClientRect();
    return {text: it.textContent, x, y, right, bottom};
};
const labels = [...document.querySelectorAll('svg text')];
document.title = 'drawn';
document.body.textContent = JSON.stringify({
    page: area(document.querySelector('svg')),
    labels: labels.map(area),
    shapes: labels.map((it) => area(it.parentNode.querySelector('rect, path'))),
    legend: labels.map((it) => it.parentNode.classList.contains('legend')),
});
";

fn draw(picture: &Picture) -> Drawn {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let html = format!(
        "<!doctype html><meta charset=utf-8><body>{}<script>{SCRIPT}</script>",
        picture.svg()
    );
    std::fs::write(&page, html).unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("chromium is not installed: run tests/run.sh, which installs the package chromium");
    let dom = String::from_utf8_lossy(&output.stdout);
    let json = dom.split_once("<body>").and_then(|(_, rest)| rest.split_once("</body>"));
    let json = json.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr))).0;
    let json = json.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn check(picture: &Picture, labels: usize) {
    let drawn = draw(picture);
    assert_eq!(drawn.labels.len(), labels, "{drawn:?}");
    for (at, label) in drawn.labels.iter().enumerate() {
        assert!(label.right > label.x && label.bottom > label.y, "not drawn: {label:?}");
        assert!(label.is_inside(&drawn.page), "cut: {label:?}");
        let shape = &drawn.shapes[at];
        assert!(
            if drawn.legend[at] { !label.overlaps(shape) } else { label.is_inside(shape) },
            "{label:?} is not where it belongs: {shape:?}"
        );
        for (other_at, other) in drawn.labels.iter().enumerate().skip(at + 1) {
            assert!(!label.overlaps(other), "{label:?} lies over {other:?}");
            let shape = &drawn.shapes[other_at];
            let is_same = shape.x.to_bits() == drawn.shapes[at].x.to_bits()
                && shape.y.to_bits() == drawn.shapes[at].y.to_bits();
            assert!(is_same || !label.overlaps(shape), "{label:?} lies over {shape:?}");
        }
    }
}

#[test]
fn no_label_is_cut_or_lies_over_another() {
    let environment = Environment::from_pairs([
        (
            "DATABASE_URL",
            "mysql://shop:secret@a-database-host-in-some-region-of-the-world.rds.amazonaws.com/shop",
        ),
        ("MAIL_URL", "smtp://localhost:2525"),
        ("REPORTS_WAREHOUSE_URL", "mysql://u:#@h"),
    ]);
    let manifest = Services::manifest();
    // Four for each resource and the deploy; where there is an environment, a legend of five: one
    // that is required is missing.
    check(&manifest.picture(), 6 * 4 + 1);
    check(&manifest.picture_of(&environment), 6 * 4 + 1 + 5);
    check(&One::manifest().picture_of(&Environment::default()), 4 + 1 + 1);
    check(&NoneAtAll::manifest().picture(), 1);
}
