//! SVG: the deploy in the middle, its resources on both sides; or all in one column.
//!
//! No font is known here, so each label says how wide it is drawn (`textLength`): it fits its box
//! in any.

use std::fmt::Write as _;

use super::picture::{Node, Picture, Place};

/// All lengths are in pixels. The width of a letter of a fixed-width font is some 0.6 of its size.
const SIZE: usize = 14;
const LETTER: usize = 9;
const LINE: usize = 20;
const PADDING: usize = 14;
/// The ellipse at the top of a resource.
const LID: usize = 10;
const GAP: usize = 28;
/// Between the deploy and the resources on each side.
const REACH: usize = 90;
const MARGIN: usize = 20;
const LEGEND: usize = 36;

impl Picture {
    /// As SVG for a page that is a few hundred pixels wide.
    #[cfg(feature = "attached")]
    pub(crate) fn narrow_svg(&self) -> String {
        narrow(self)
    }

    /// As SVG, readable by any browser.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// assert!(Services::manifest().picture().svg().ends_with("</svg>\n"));
    /// ```
    pub fn svg(&self) -> String {
        text(self)
    }
}

fn text(picture: &Picture) -> String {
    let labels: Vec<[String; 4]> = picture.nodes.iter().map(labels).collect();
    let (left, right) = sides(&labels);
    let box_width = |side: &[usize]| {
        let lines = side.iter().flat_map(|index| &labels[*index]);
        lines.map(|line| width(line)).max().map_or(0, |widest| widest + 2 * PADDING)
    };
    let [left_width, right_width] = [&left, &right].map(|side| box_width(side));
    let box_height = LID * 2 + 4 * LINE + PADDING;
    let column = |side: &[usize]| side.len() * (box_height + GAP) - GAP.min(side.len() * GAP);
    let deploy_width = width(&picture.deploy) + 4 * PADDING;
    let deploy_height = 4 * LINE;
    let height = column(&left).max(column(&right)).max(deploy_height);
    let legend = legend(picture);
    let legend_width = legend.iter().map(|(_, text)| width(text) + 3 * LINE).sum::<usize>();

    let reach = |side: usize| if side == 0 { 0 } else { side + REACH };
    let drawn = reach(left_width) + deploy_width + reach(right_width);
    let total_width = drawn.max(legend_width) + 2 * MARGIN;
    let total_height = height + 2 * MARGIN + if legend.is_empty() { 0 } else { LEGEND };
    let start = (total_width - drawn) / 2;
    let deploy_x = start + reach(left_width);
    let middle = MARGIN + height / 2;

    let mut svg = head(picture, total_width, total_height);
    let mut resources = String::new();
    let columns = [
        (&left, start, left_width, true),
        (&right, deploy_x + deploy_width + REACH, right_width, false),
    ];
    for (side, x, width, is_left) in columns {
        let top = MARGIN + (height - column(side)) / 2;
        for (row, index) in side.iter().enumerate() {
            let y = top + row * (box_height + GAP);
            let node = &picture.nodes[*index];
            let (from, to) =
                if is_left { (deploy_x, x + width) } else { (deploy_x + deploy_width, x) };
            let _ = writeln!(
                svg,
                "<line class=\"{}\" x1=\"{from}\" y1=\"{middle}\" x2=\"{to}\" y2=\"{}\"/>",
                node.place.class(),
                y + box_height / 2
            );
            if node.place == Place::Missing {
                cross(&mut svg, from.midpoint(to), middle.midpoint(y + box_height / 2));
            }
            let lines = labels[*index].iter().map(String::as_str).zip(CLASSES);
            resource(&mut resources, node, lines, [x, y, width, box_height]);
        }
    }
    deploy(
        &mut svg,
        [picture.deploy.as_str()],
        [deploy_x, middle - deploy_height / 2, deploy_width, deploy_height],
    );
    svg.push_str(&resources);

    let mut x = (total_width - legend_width) / 2;
    for (class, text) in legend {
        mark(&mut svg, class, text, x, total_height - MARGIN);
        x += width(text) + 3 * LINE;
    }
    svg.push_str("</svg>\n");
    svg
}

/// The widest line of the column, and how far it is from the line that its resources hang on.
#[cfg(feature = "attached")]
const COLUMN: usize = 30 * LETTER;
#[cfg(feature = "attached")]
const INDENT: usize = 24;

/// All in one column, for a page of a few hundred pixels: labels go on in the next line where they
/// are long.
#[cfg(feature = "attached")]
fn narrow(picture: &Picture) -> String {
    let name = folded(&picture.deploy);
    let resources: Vec<Vec<(String, &str)>> = picture
        .nodes
        .iter()
        .map(|node| {
            let lines = labels(node).into_iter().zip(CLASSES);
            lines.flat_map(|(label, class)| folded(&label).into_iter().map(move |it| (it, class)))
        })
        .map(Iterator::collect)
        .collect();
    let legend = legend(picture);
    let widest = |lines: &[(String, &str)]| lines.iter().map(|(line, _)| width(line)).max();
    let box_width = resources.iter().filter_map(|it| widest(it)).max().unwrap_or(0) + 2 * PADDING;
    let deploy_width = name.iter().map(|line| width(line)).max().unwrap_or(0) + 4 * PADDING;
    let deploy_height = (name.len() + 1) * LINE;
    let box_height = |lines: &[(String, &str)]| LID * 2 + lines.len() * LINE + PADDING;

    let total_width = (INDENT + box_width).max(deploy_width) + 2;
    let column: usize = resources.iter().map(|it| box_height(it) + GAP / 2).sum();
    let total_height = 1 + deploy_height + column + LINE + legend.len() * LINE + 1;
    let mut svg = head(picture, total_width, total_height);
    let (trunk, mut y, mut last) = (1 + INDENT / 2, 1 + deploy_height, 0);
    let mut shapes = String::new();
    for (node, lines) in picture.nodes.iter().zip(&resources) {
        y += GAP / 2;
        let height = box_height(lines);
        last = y + height / 2;
        let _ = writeln!(
            svg,
            "<line class=\"{}\" x1=\"{trunk}\" y1=\"{last}\" x2=\"{}\" y2=\"{last}\"/>",
            node.place.class(),
            1 + INDENT
        );
        if node.place == Place::Missing {
            cross(&mut svg, trunk, last);
        }
        let lines = lines.iter().map(|(line, class)| (line.as_str(), *class));
        resource(&mut shapes, node, lines, [1 + INDENT, y, box_width, height]);
        y += height;
    }
    if last > 0 {
        let top = 1 + deploy_height;
        let _ = writeln!(svg, "<line x1=\"{trunk}\" y1=\"{top}\" x2=\"{trunk}\" y2=\"{last}\"/>");
    }
    deploy(&mut svg, name.iter().map(String::as_str), [1, 1, deploy_width, deploy_height]);
    svg.push_str(&shapes);
    y += LINE;
    for (class, text) in legend {
        y += LINE;
        mark(&mut svg, class, text, 1, y);
    }
    svg.push_str("</svg>\n");
    svg
}

/// A label in lines of at most the width of the column. A word goes to the next line whole where
/// that has room for it.
#[cfg(feature = "attached")]
fn folded(label: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in label.split_inclusive(['_', '.', '-', ' ', ',']) {
        if lines.last().is_some_and(|line| width(line) + width(word) > COLUMN && !line.is_empty()) {
            lines.push(String::new());
        }
        for c in word.chars() {
            if lines
                .last()
                .is_none_or(|line| width(line) + width(c.encode_utf8(&mut [0; 4])) > COLUMN)
            {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
    }
    lines
}

const STYLE: &str = "<style>\
.paper{fill:#fff}text{text-anchor:middle;fill:#18181b}.name{font-weight:bold}line{stroke-width:2}\
.deploy rect{fill:#18181b}.deploy text{fill:#fff}\
rect,path,line{stroke:#52525b}.paper{stroke:none}\
.declared rect,.declared path{fill:#f4f4f5}\
.local rect,.local path{fill:#dbeafe;stroke:#1d4ed8}line.local{stroke:#1d4ed8}\
.remote rect,.remote path{fill:#ffedd5;stroke:#c2410c}line.remote{stroke:#c2410c}\
.detached rect,.detached path{fill:#fff;stroke:#a1a1aa;stroke-dasharray:4}line.detached{stroke:#a1a1aa;stroke-dasharray:4}\
.missing rect,.missing path{fill:#fae8ff;stroke:#a21caf;stroke-width:3}line.missing{stroke:#a21caf;stroke-dasharray:2 6}\
.broken rect,.broken path{fill:#fee2e2;stroke:#b91c1c}line.broken{stroke:#b91c1c}\
@media (prefers-color-scheme:dark){\
.paper{fill:#18181b}text{fill:#f4f4f5}.deploy rect{fill:#f4f4f5}.deploy text{fill:#18181b}\
rect,path,line{stroke:#a1a1aa}.paper{stroke:none}\
.declared rect,.declared path{fill:#3f3f46}\
.local rect,.local path{fill:#1e3a8a;stroke:#93c5fd}line.local{stroke:#93c5fd}\
.remote rect,.remote path{fill:#7c2d12;stroke:#fdba74}line.remote{stroke:#fdba74}\
.detached rect,.detached path{fill:#18181b;stroke:#71717a}line.detached{stroke:#71717a}\
.missing rect,.missing path{fill:#701a75;stroke:#f0abfc}line.missing{stroke:#f0abfc}\
.broken rect,.broken path{fill:#7f1d1d;stroke:#fca5a5}line.broken{stroke:#fca5a5}\
}</style>\n";

/// The beginning, with the paper that all is drawn on.
fn head(picture: &Picture, width: usize, height: usize) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"{SIZE}\">\n\
         <title>The resources of {}</title>\n{STYLE}\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n",
        escaped(&picture.deploy)
    )
}

/// Those of the four labels of a resource.
const CLASSES: [&str; 4] = ["name", "", "", ""];

fn labels(node: &Node) -> [String; 4] {
    [&node.field, &node.service, &node.variable, node.place.text()].map(str::to_owned)
}

/// Half of them on each side, in the order of the fields.
fn sides(labels: &[[String; 4]]) -> (Vec<usize>, Vec<usize>) {
    let half = labels.len() / 2;
    ((0..half).collect(), (half..labels.len()).collect())
}

/// The kinds of resources that the picture has, where it shows an environment.
fn legend(picture: &Picture) -> Vec<(&'static str, &'static str)> {
    let kinds = [
        ("local", "on this machine"),
        ("remote", "elsewhere"),
        ("detached", "detached"),
        ("missing", "missing: the app needs it"),
        ("broken", "broken"),
    ];
    let shown = |class: &str| picture.nodes.iter().any(|node| node.place.class() == class);
    kinds.into_iter().filter(|(class, _)| picture.is_attached && shown(class)).collect()
}

fn deploy<'a>(
    svg: &mut String,
    lines: impl IntoIterator<Item = &'a str, IntoIter: ExactSizeIterator>,
    [x, y, width, height]: [usize; 4],
) {
    let _ = write!(
        svg,
        "<g class=\"deploy\"><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>",
    );
    let lines = lines.into_iter();
    let first = y + height / 2 + SIZE / 3 - (lines.len() - 1) * LINE / 2;
    for (row, line) in lines.enumerate() {
        label(svg, line, x + width / 2, first + row * LINE, "name");
    }
    svg.push_str("</g>\n");
}

/// One kind of resource in the legend, on the line at `y`.
fn mark(svg: &mut String, class: &str, text: &str, x: usize, y: usize) {
    let _ = write!(
        svg,
        "<g class=\"{class} legend\"><rect x=\"{x}\" y=\"{}\" width=\"{SIZE}\" height=\"{SIZE}\"/>",
        y - SIZE
    );
    label(svg, text, x + LINE + width(text) / 2, y - 2, "");
    svg.push_str("</g>\n");
}

/// A cross on the line to what is missing, which is seen without colours too.
fn cross(svg: &mut String, x: usize, y: usize) {
    const ARM: usize = 7;
    let [left, right, top, bottom] = [x - ARM, x + ARM, y - ARM, y + ARM];
    let _ = writeln!(
        svg,
        "<g class=\"missing\"><path d=\"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}\"/></g>"
    );
}

/// A cylinder with its lines inside, each with its class.
fn resource<'a>(
    svg: &mut String,
    node: &Node,
    lines: impl Iterator<Item = (&'a str, &'a str)>,
    [x, y, width, height]: [usize; 4],
) {
    let (radius, right) = (width / 2, x + width);
    let (top, bottom) = (y + LID, y + height - LID);
    let _ = write!(
        svg,
        "<g class=\"{}\"><path d=\"M{x} {top}A{radius} {LID} 0 0 1 {right} {top}V{bottom}\
         A{radius} {LID} 0 0 1 {x} {bottom}Z\"/><path d=\"M{x} {top}A{radius} {LID} 0 0 0 {right} {top}\"/>",
        node.place.class()
    );
    for (row, (text, class)) in lines.enumerate() {
        label(svg, text, x + width / 2, y + 2 * LID + (row + 1) * LINE - SIZE / 3, class);
    }
    svg.push_str("</g>\n");
}

fn label(svg: &mut String, text: &str, x: usize, y: usize, class: &str) {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = write!(
        svg,
        "<text{class} x=\"{x}\" y=\"{y}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
        width(text),
        escaped(text)
    );
}

/// How wide a text is drawn. What is no ASCII may be twice as wide as what is.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { LETTER } else { 2 * LETTER }).sum()
}

/// A text in XML or HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML knows no other control characters.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
