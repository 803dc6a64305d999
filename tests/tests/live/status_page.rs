//! The status page of a running app, looked at with a real browser: at the widths of a telephone
//! and of a desk, in the light and in the dark.

use std::path::Path;
use std::process::Command;

use backing_services::{
    Adapter, Attached, BackingServices, Blobs, ClientError, Connect, Environment, FailureKind,
    Handle, Host, Mail, Secret, Sql,
};
use serde::Deserialize;

/// A service that answers once, and then as its host says.
#[derive(Adapter, Clone)]
#[adapter(schemes("lamp"), example = "lamp://localhost", port = 7070)]
struct Lamp {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: Host,
    #[handle(password)]
    #[expect(dead_code, reason = "it must not be shown")]
    password: Option<Secret>,
}

impl Connect for Lamp {
    type Client = String;
    const PROVEN: bool = true;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.host.name().to_owned())
    }

    async fn ping(host: &String) -> Result<(), ClientError> {
        if host.starts_with("dark") {
            return Err(ClientError::of(FailureKind::Refused, "it is dark"));
        }
        Ok(())
    }

    fn is_busy(host: &String) -> bool {
        host.starts_with("full")
    }
}

#[derive(BackingServices)]
struct ServicesOfTheShop {
    #[service(env = "DATABASE_URL")]
    db: Sql,
    mail: Mail,
    uploads: Blobs,
    lamp: Lamp,
    full: Lamp,
    #[service(nested)]
    reports_of_the_warehouse: Reports,
    detached: Option<Sql>,
}

#[derive(BackingServices)]
struct Reports {
    #[service(
        env = "A_VARIABLE_WITH_A_NAME_THAT_IS_AS_LONG_AS_ANYBODY_WOULD_EVER_CARE_TO_MAKE_IT_URL"
    )]
    the_lamp_above_the_entrance: Option<Lamp>,
}

/// What is seen of the page.
#[derive(Deserialize, Debug)]
struct Seen {
    width: f64,
    scrolls_to: f64,
    is_dark: bool,
    texts: Vec<Text>,
    /// How large the picture is drawn, 1 for letters of 14 pixels.
    scale: f64,
}

/// A text that lies directly in its element.
#[derive(Deserialize, Debug)]
struct Text {
    words: String,
    x: f64,
    y: f64,
    right: f64,
    bottom: f64,
    /// That of WCAG: 4.5 and more is readable.
    contrast: f64,
}

/// The frame has the width of a device; a window cannot be as narrow.
const SCRIPT: &str = "
const luminance = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map((it) => {
        const part = it / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
};
onload = () => {
    const frame = document.querySelector('iframe'), page = frame.contentDocument;
    const style = (it) => frame.contentWindow.getComputedStyle(it);
    const is_clear = (colour) => /, 0\\)$/.test(colour) || colour == 'none';
    const paper = (it) => {
        const shape = it.closest('svg') && it.parentNode.querySelector('rect, path');
        if (shape && !it.closest('.legend')) return style(shape).fill;
        for (; it; it = it.parentElement) {
            const colour = style(it).backgroundColor;
            if (!is_clear(colour)) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const own = (it) => [...it.childNodes].filter((node) => node.nodeType == 3 && node.data.trim());
    const area = (it) => {
        const range = page.createRange(), text = own(it);
        range.setStartBefore(text[0]);
        range.setEndAfter(text.at(-1));
        const {x, y, right, bottom} = it.closest('svg') ? it.getBoundingClientRect() : range.getBoundingClientRect();
        const ink = it.closest('svg') ? style(it).fill : style(it).color;
        return {words: text.map((node) => node.data.trim()).join(' '), x, y, right, bottom, contrast: contrast(ink, paper(it))};
    };
    const drawn = [...page.querySelectorAll('svg')].filter((it) => it.getBoundingClientRect().width);
    const all = [...page.body.querySelectorAll('*')].filter((it) => {
        return own(it).length && !it.closest('style, title') && it.getBoundingClientRect().width;
    });
    const seen = {
        width: page.documentElement.clientWidth,
        scrolls_to: page.documentElement.scrollWidth,
        is_dark: luminance(style(page.body).backgroundColor) < 0.1,
        texts: all.map(area),
        scale: drawn.length == 1 ? drawn[0].getBoundingClientRect().width / drawn[0].viewBox.baseVal.width : 0,
    };
    document.body.textContent = JSON.stringify(seen);
};
";

struct Browser<'a> {
    folder: &'a Path,
    is_dark: bool,
}

impl Browser<'_> {
    fn command(&self) -> Command {
        let mut command = Command::new("chromium");
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--hide-scrollbars"])
            .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!self.is_dark)))
            .arg(format!("--user-data-dir={}", self.folder.join("profile").display()));
        command
    }

    /// A page that shows the status page in a frame of this width.
    fn frame(&self, page: &str, width: u32, script: &str) -> String {
        let path = self.folder.join(format!("frame-{width}-{}.html", script.len()));
        let page = page.replace('&', "&amp;").replace('"', "&quot;");
        let html = format!(
            "<!doctype html><meta charset=utf-8><meta name=color-scheme content='light dark'>\
             <body style='margin:0'><iframe style='border:0' width={width} height=2000 srcdoc=\"{page}\">\
             </iframe><script>{script}</script>"
        );
        std::fs::write(&path, html).unwrap();
        format!("file://{}", path.display())
    }

    fn look(&self, page: &str, width: u32) -> Seen {
        let frame = self.frame(page, width, SCRIPT);
        let output =
            self.command().args(["--window-size=1400,2000", "--dump-dom", &frame]).output();
        let output = output.expect("chromium is not installed: run tests/run.sh");
        let dom = String::from_utf8_lossy(&output.stdout);
        let json = dom.split_once("<body").and_then(|(_, rest)| rest.split_once("</body>"));
        let json = json.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr))).0;
        let json = json.split_once('>').unwrap().1;
        let json = json.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
    }

    /// How large the file of the page's picture is: an empty one is small.
    fn screenshot(&self, page: &str, width: u32) -> u64 {
        let frame = self.frame(page, width, "");
        let path = self.folder.join(format!("{width}-{}.png", self.is_dark));
        let status = self
            .command()
            .arg(format!("--window-size={},2000", width.max(500)))
            .arg(format!("--screenshot={}", path.display()))
            .arg(&frame)
            .output()
            .unwrap()
            .status;
        assert!(status.success());
        std::fs::metadata(path).unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_readable_on_every_screen() {
    const HOST: &str = "dark-lamp-in-some-region-of-the-world.lamps-of-a-cloud.example.com";
    let environment = Environment::from_pairs([
        ("DATABASE_URL", "sqlite::memory:"),
        ("MAIL_URL", "memory:"),
        ("UPLOADS_URL", "memory:"),
        ("LAMP_URL", &format!("lamp://:hunter2@{HOST}")),
        ("FULL_URL", "lamp://full"),
        (
            "REPORTS_OF_THE_WAREHOUSE_A_VARIABLE_WITH_A_NAME_THAT_IS_AS_LONG_AS_ANYBODY_WOULD_EVER_CARE_TO_MAKE_IT_URL",
            "lamp://:hunter2@localhost",
        ),
    ]);
    let builder = Attached::<ServicesOfTheShop>::builder().not_ready_after(1);
    let services = builder.start(environment).await.unwrap();
    let health = services.health();
    let folder = tempfile::tempdir().unwrap();
    for with_details in [false, true] {
        let page =
            if with_details { health.page_with_details().await } else { health.page().await };
        let page = page.body();
        assert!(!page.contains("hunter2") && page.contains(HOST) == with_details);
        for reference in ["<script", "src=", "href=", "url(", "@import"] {
            assert!(!page.contains(reference), "it needs something else: {reference}");
        }
        for is_dark in [false, true] {
            let browser = Browser { folder: folder.path(), is_dark };
            for width in [360, 1280] {
                check(&browser.look(&page, width), f64::from(width), is_dark);
                assert!(browser.screenshot(&page, width) > 20_000, "an empty page");
            }
        }
    }
}

fn check(seen: &Seen, width: f64, is_dark: bool) {
    assert!((seen.width - width).abs() < 0.5 && seen.is_dark == is_dark, "{seen:?}");
    assert!(seen.scrolls_to <= seen.width, "it scrolls sideways: {seen:?}");
    assert!(seen.scale > 0.7, "the picture is too small to read: {}", seen.scale);
    for word in ["fail", "warn", "pass", "detached", "lamp", "db", "generation", "latency"] {
        assert!(seen.texts.iter().any(|it| it.words.contains(word)), "no {word}: {seen:?}");
    }
    for (at, text) in seen.texts.iter().enumerate() {
        assert!(text.x >= 0.0 && text.right <= seen.width, "cut: {text:?}");
        assert!(text.contrast >= 4.5, "too pale: {text:?}");
        for other in &seen.texts[at + 1..] {
            let overlaps = text.x < other.right
                && other.x < text.right
                && text.y < other.bottom
                && other.y < text.bottom;
            assert!(!overlaps, "{text:?} lies over {other:?}");
        }
    }
}
