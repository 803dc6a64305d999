//! SVG: the deploy in the middle, its resources on both sides.
//!
//! No font is known here, so each label says how wide it is drawn (`textLength`): it fits its box
//! in any.

use std::fmt::Write as _;

use super::picture::{Node, Picture};

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

pub(super) fn text(picture: &Picture) -> String {
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

    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{total_width}\" height=\"{total_height}\" \
         viewBox=\"0 0 {total_width} {total_height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"{SIZE}\">\n\
         <title>The resources of {}</title>\n{STYLE}\
         <rect class=\"paper\" width=\"{total_width}\" height=\"{total_height}\"/>\n",
        escaped(&picture.deploy)
    );
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
            resource(&mut resources, node, &labels[*index], [x, y, width, box_height]);
        }
    }
    let _ = write!(
        svg,
        "<g class=\"deploy\"><rect x=\"{deploy_x}\" y=\"{}\" width=\"{deploy_width}\" height=\"{deploy_height}\" rx=\"8\"/>",
        middle - deploy_height / 2
    );
    label(&mut svg, &picture.deploy, deploy_x + deploy_width / 2, middle + SIZE / 3, "name");
    svg.push_str("</g>\n");
    svg.push_str(&resources);

    let mut x = (total_width - legend_width) / 2;
    for (class, text) in legend {
        let y = total_height - MARGIN;
        let _ = write!(
            svg,
            "<g class=\"{class} legend\"><rect x=\"{x}\" y=\"{}\" width=\"{SIZE}\" height=\"{SIZE}\"/>",
            y - SIZE
        );
        label(&mut svg, text, x + LINE + width(text) / 2, y - 2, "");
        svg.push_str("</g>\n");
        x += width(text) + 3 * LINE;
    }
    svg.push_str("</svg>\n");
    svg
}

const STYLE: &str = "<style>\
.paper{fill:#fff}text{text-anchor:middle;fill:#18181b}.name{font-weight:bold}line{stroke-width:2}\
.deploy rect{fill:#18181b}.deploy text{fill:#fff}\
rect,path,line{stroke:#52525b}.paper{stroke:none}\
.declared rect,.declared path{fill:#f4f4f5}\
.local rect,.local path{fill:#dbeafe;stroke:#1d4ed8}line.local{stroke:#1d4ed8}\
.remote rect,.remote path{fill:#ffedd5;stroke:#c2410c}line.remote{stroke:#c2410c}\
.detached rect,.detached path{fill:#fff;stroke:#a1a1aa;stroke-dasharray:4}line.detached{stroke:#a1a1aa;stroke-dasharray:4}\
.broken rect,.broken path{fill:#fee2e2;stroke:#b91c1c}line.broken{stroke:#b91c1c}\
</style>\n";

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
        ("broken", "broken"),
    ];
    let shown = |class: &str| picture.nodes.iter().any(|node| node.place.class() == class);
    kinds.into_iter().filter(|(class, _)| picture.is_attached && shown(class)).collect()
}

/// A cylinder with the labels inside.
fn resource(
    svg: &mut String,
    node: &Node,
    labels: &[String; 4],
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
    for (row, text) in labels.iter().enumerate() {
        let class = if row == 0 { "name" } else { "" };
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

fn escaped(text: &str) -> String {
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
