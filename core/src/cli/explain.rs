//! `explain`: where each value would come from.

use serde::Serialize;

use super::output;
use super::subject::Subject;
use super::verdict::Verdict;
use crate::environment::Environment;

pub(super) fn run(subject: &dyn Subject, environment: &Environment, json: bool) -> Verdict {
    let explanation = subject.explain(environment);
    if json {
        let row = |row: &[String; 5]| {
            let [field, variable, from, _, passed_over] = row.clone();
            Row { field, variable, from, passed_over }
        };
        let unused = explanation.unused().map(|(name, reason)| Unused { name, reason });
        let json =
            Json { fields: explanation.rows().iter().map(row).collect(), unused: unused.collect() };
        output::json("explain", subject.table().name, &json);
    } else {
        output::whole(&explanation.to_string());
    }
    Verdict::of(subject.load(environment).is_ok())
}

#[derive(Serialize)]
struct Json<'a> {
    fields: Vec<Row>,
    unused: Vec<Unused<'a>>,
}

#[derive(Serialize)]
struct Row {
    field: String,
    variable: String,
    from: String,
    passed_over: String,
}

#[derive(Serialize)]
struct Unused<'a> {
    name: &'a str,
    reason: Option<&'a str>,
}
