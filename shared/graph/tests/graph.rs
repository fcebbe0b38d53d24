//! What a graph must show, in each of its forms.
#![expect(clippy::unwrap_used, reason = "a graph that cannot be made fails the test that asked for it")]

mod plans;

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::{
    Binding, Effect, EffectStatus, Plan, PlanCause, Priority, Row, Task, TaskKind, TaskStatus,
};
use chimera_graph::{CampaignGraph, CostDelta, Edge, EdgeKind, Node, State};
use chimera_testkit::builders::{a_campaign, a_task, cents, task_id};
use serde_json::json;

fn node<'a>(graph: &'a CampaignGraph, id: &str) -> &'a Node {
    graph.nodes.iter().find(|node| node.id.as_str() == id).unwrap()
}

fn edge(graph: &CampaignGraph, from: &str, to: &str) -> Option<EdgeKind> {
    let is_it = |edge: &&Edge| edge.from.as_str() == from && edge.to.as_str() == to;
    graph.edges.iter().find(is_it).map(|edge| edge.kind)
}

/// A graph of these tasks alone.
fn graph_of(tasks: Vec<Task>) -> CampaignGraph {
    let campaign = std::iter::once(Row::Campaign(Box::new(a_campaign().build())));
    CampaignGraph::of(campaign.chain(tasks.into_iter().map(|task| Row::Task(Box::new(task))))).unwrap()
}

fn versions() -> Vec<Plan> {
    let plan = |row| if let Row::Plan(plan) = row { Some(*plan) } else { None };
    plans::rows(12).into_iter().filter_map(plan).collect()
}

/// [PL-20]
#[test]
fn every_task_is_shown_once_with_how_it_stands() {
    let graph = plans::of_tasks(12);
    let ids: BTreeSet<&str> = graph.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!((ids.len(), graph.nodes.len()), (12, 12), "{ids:?}");
    let post = node(&graph, "write-1");
    assert_eq!(
        (post.kind, post.status, post.effect),
        (TaskKind::Write, TaskStatus::Approved, Some(EffectStatus::Unconfirmed))
    );
    assert_eq!((post.state(), post.cost, post.plan), (State::Acting, cents(3), 1));
    let dropped = graph.nodes.iter().find(|node| node.status == TaskStatus::Dropped).unwrap();
    assert_eq!((dropped.plan, dropped.state()), (2, State::Dropped));
    assert_eq!(dropped.reason.as_ref().unwrap().as_str(), "a post about the flood takes its place");
    let reply = node(&graph, "reply-1");
    assert_eq!((reply.priority, reply.kind), (Priority::High, TaskKind::Reply));
    let text = json!(graph);
    assert_eq!(text["nodes"][0]["goal"], "Read the feed and note what can be told.");
    assert_eq!(serde_json::from_value::<CampaignGraph>(text).unwrap(), graph);
}

/// [PL-20]
#[test]
fn an_edge_says_whether_it_brings_an_input() {
    let graph = plans::of_tasks(12);
    assert_eq!(edge(&graph, "research-1", "write-1"), Some(EdgeKind::Input), "its source");
    assert_eq!(edge(&graph, "illustrate-1", "write-1"), Some(EdgeKind::Input), "its picture");
    assert_eq!(edge(&graph, "write-1", "remember-1"), Some(EdgeKind::Wait));
    assert_eq!(edge(&graph, "research-1", "remember-1"), None);

    let mut odd = a_task();
    odd.depends_on = vec![task_id("research-1"), task_id("research-1"), task_id("gone"), odd.id.clone()];
    odd.binding = Binding::SourceOf { task: task_id("research-2"), index: 0 };
    let read = |id: &str| Task {
        id: task_id(id),
        kind: TaskKind::Research,
        depends_on: vec![],
        binding: Binding::Campaign,
        ..a_task()
    };
    let graph = graph_of(vec![odd, read("research-1"), read("research-2")]);
    let found: Vec<(&str, EdgeKind)> =
        graph.edges.iter().map(|edge| (edge.from.as_str(), edge.kind)).collect();
    assert_eq!(found, [("research-1", EdgeKind::Wait), ("research-2", EdgeKind::Input)]);
}

/// [PL-20]
#[test]
fn a_post_that_was_taken_back_is_not_shown_as_done() {
    let mut task = a_task();
    task.status = TaskStatus::Approved;
    let post = plans::effect(&task, EffectStatus::Done);
    task.effect = Some(post.id.clone());
    let undo =
        |status| Effect { id: post.id.undoing(), undoes: Some(post.id.clone()), status, ..post.clone() };
    for (status, expected) in [(EffectStatus::Done, State::Undone), (EffectStatus::Failed, State::Done)] {
        let rows = [
            Row::Campaign(Box::new(a_campaign().build())),
            Row::Task(Box::new(task.clone())),
            Row::Effect(Box::new(post.clone())),
            Row::Effect(Box::new(undo(status))),
        ];
        assert_eq!(CampaignGraph::of(rows).unwrap().nodes[0].state(), expected);
    }
}

/// [PL-21]
#[test]
fn a_version_says_why_it_was_drawn_what_it_changed_and_what_that_costs() {
    let graph = plans::of_tasks(12);
    let [first, second] = graph.versions.as_slice() else { panic!("{:?}", graph.versions) };
    assert_eq!((first.number, first.parent, first.added.len(), first.kept), (1, 0, 10, 0));
    assert_eq!((first.estimate, first.cost_delta.minor, first.settled), (cents(50), 50, Some(cents(21))));
    assert_eq!((second.number, second.parent, second.kept), (2, 1, 9));
    assert_eq!((second.added.len(), second.dropped.len(), second.changed.len()), (2, 1, 0));
    assert_eq!(second.reason.as_str(), "a trend: the river is over its banks");
    // Two attempts more and one less, of five cents each.
    assert_eq!(second.cost_delta.to_string(), "+0.05 USD");
    assert_eq!(graph.signals[0].plan, Some(2));
    for text in [graph.tree(), graph.svg()] {
        for said in [
            "version 2 of 1: open, 2026-03-02 10:00:00 UTC",
            "because: a trend: the river is over its banks",
            "kept 9, added 2 (research-p2-1, write-p2-1), dropped 1 (write-5), changed 0",
            "estimate 0.10 USD (+0.05 USD against its parent), not settled",
            "estimate 0.50 USD (+0.50 USD against its parent), settled at 0.21 USD",
            "answers trend trend-",
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
    }
}

/// [PL-21]
#[test]
fn a_version_that_goes_on_costs_what_it_adds_less_what_it_drops() {
    let plans = versions();
    let mut plan = plans[1].clone();
    plan.diff.dropped = vec![task_id("illustrate-1"), task_id("write-1")];
    let attempts = [(task_id("illustrate-1"), 13), (task_id("write-1"), 5)].into();
    let delta = |plan: &Plan| CostDelta::of(plan, &plans, &attempts);
    assert_eq!(delta(&plan).minor, 10 - 13 - 5);
    assert_eq!(delta(&Plan { estimate: cents(0), ..plan }).to_string(), "-0.18 USD");
}

/// [PL-21]
#[test]
fn a_version_that_is_drawn_as_a_whole_is_compared_with_the_whole_before_it() {
    let plans = versions();
    for cause in [PlanCause::Brief, PlanCause::Operator] {
        let whole = Plan { cause, estimate: cents(45), ..plans[1].clone() };
        assert_eq!(CostDelta::of(&whole, &plans, &BTreeMap::new()).minor, -5, "{cause:?}");
        let first = Plan { parent: 0, ..whole };
        assert_eq!(CostDelta::of(&first, &plans, &BTreeMap::new()).minor, 45, "{cause:?}");
    }
}

/// The tags of a document, each with its attributes; fails where it is not well-formed.
fn tags(svg: &str) -> Vec<&str> {
    let (mut open, mut tags): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        let (text, tail) = rest.split_at(at);
        let entities = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(text.split('&').skip(1).all(|after| entities.iter().any(|e| after.starts_with(e))), "{text}");
        let end = tail.find('>').unwrap();
        let tag = &tail[1..end];
        rest = &tail[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else {
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            if !tag.ends_with('/') {
                open.push(name);
            }
            tags.push(tag);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    tags
}

/// [PL-22]
#[test]
fn a_picture_stands_alone_and_says_everything_in_words() {
    let graph = plans::of_tasks(12);
    let svg = graph.svg();
    let tags = tags(&svg);
    assert!(tags[0].starts_with("svg ") && tags[0].contains("role=\"img\""), "{}", tags[0]);
    assert!(tags[0].contains("aria-labelledby=\"cg-title cg-about\""), "{}", tags[0]);
    assert_eq!((tags[1], tags[2]), ("title id=\"cg-title\"", "desc id=\"cg-about\""));
    assert!(svg.contains(">Campaign c-1: active, plan version 2</title>"), "{svg}");
    assert!(svg.contains("12 tasks in 4 layers: "), "{svg}");
    let names: BTreeSet<&str> = tags.iter().map(|tag| tag.split([' ', '/']).next().unwrap()).collect();
    let known = ["defs", "desc", "g", "marker", "path", "rect", "style", "svg", "text", "title"];
    assert_eq!(names.into_iter().collect::<Vec<_>>(), known);
    for outside in ["href", "@import", "font-face", "src=", " on", "javascript:", "data:"] {
        assert!(tags.iter().all(|tag| !tag.contains(outside)), "{outside}");
    }
    let addresses = svg.replace("http://www.w3.org/2000/svg", "").replace("url(#cg-arrow)", "");
    assert!(!addresses.contains("http") && !addresses.contains("url("), "{addresses}");
    assert!(svg.contains("@media (prefers-color-scheme:dark)"), "{svg}");
    for node in &graph.nodes {
        let state = format!("class=\"cg-task cg-{}\"", node.state().name());
        let box_of = svg.lines().find(|line| line.contains(&format!("<title>{}: ", node.id))).unwrap();
        assert!(box_of.contains(&state), "{box_of}");
        let word = format!("<text class=\"cg-state\" x=\"8\" y=\"35\">{}", node.status.name());
        assert!(box_of.contains(&word), "{box_of}");
    }
    assert_eq!(svg.matches("marker-end").count(), graph.edges.len());
}

/// [PL-22]
#[test]
fn two_hundred_tasks_are_a_long_picture_and_no_wide_one() {
    let graph = plans::of_tasks(200);
    assert_eq!(graph.nodes.len(), 200);
    let svg = graph.svg();
    let root = tags(&svg)[0].to_owned();
    let size = |name: &str| -> usize {
        root.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    };
    assert!(size("width") <= 1_500, "{root}");
    assert!((3_000..9_000).contains(&size("height")), "{root}");
    assert!(svg.len() < 512 * 1024, "{} bytes", svg.len());
    assert_eq!(svg.matches("<svg class=\"cg-task").count(), 200);
    assert!(graph.mermaid().len() < 50_000, "Mermaid reads no more: {}", graph.mermaid().len());
    assert!(
        graph.mermaid().lines().filter(|line| line.contains("-->") || line.contains("-.->")).count() < 500
    );
}

/// [PL-22] A plan in which everything waits for everything before it.
#[test]
fn a_plan_of_too_many_lines_says_how_many_are_left_out() {
    let tasks = (0..80).map(|at| Task {
        id: task_id(&format!("t-{at}")),
        depends_on: (0..at).map(|before| task_id(&format!("t-{before}"))).collect(),
        binding: Binding::Campaign,
        ..a_task()
    });
    let graph = graph_of(tasks.collect());
    assert_eq!(graph.edges.len(), 80 * 79 / 2);
    let svg = graph.svg();
    assert!(svg.contains("1160 lines are left out"), "{}", svg.matches("marker-end").count());
    assert!(svg.contains("after t-0, t-1, t-2"), "each task still names what it comes after");
    assert!(graph.mermaid().contains("%% 2680 edges are left out"));
}

/// [PL-23]
#[test]
fn text_from_outside_is_text_in_every_form() {
    let hostile = "a\u{1b}[2J</text><script>alert(1)</script>\n    click t0 call alert()\"]\n%%{init: {\"theme\": \"x\"}}%% &lt; `x` \u{202e}z\u{ffff}";
    let mut rows = plans::rows(12);
    for row in &mut rows {
        match row {
            Row::Campaign(campaign) => campaign.brief.goal = hostile.repeat(50),
            Row::Plan(plan) => plan.reason = hostile.to_owned(),
            Row::Task(task) => (task.goal, task.reason) = (hostile.repeat(20), Some(hostile.to_owned())),
            Row::Signal(signal) => signal.why = hostile.to_owned(),
            _ => {}
        }
    }
    let graph = CampaignGraph::of(rows).unwrap();
    let (svg, mermaid, tree) = (graph.svg(), graph.mermaid(), graph.tree());
    assert!(tags(&svg).iter().all(|tag| !tag.starts_with("script")), "{svg}");
    for text in [&svg, &mermaid, &tree, &json!(graph).to_string()] {
        let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{ffff}');
        assert!(!text.contains(bad), "{text}");
    }
    let known = ["flowchart TD", "acc", "t", "v", "subgraph versions[", "direction LR", "end", "classDef "];
    for line in mermaid.lines() {
        assert!(known.iter().any(|start| line.trim_start().starts_with(start)), "{line}");
        let inside = line.split('"').nth(1).unwrap_or_default();
        let has_syntax = inside.replace("<br/>", "").contains(['<', '>', '%', '{', '}', '`', '[', ']', '&']);
        assert!(!has_syntax && line.matches('"').count() <= 2, "{line}");
    }
    assert!(tree.lines().all(|line| line.chars().count() < 1_000), "{tree}");
    assert!(json!(graph)["goal"].as_str().unwrap().chars().count() <= 241);
}

/// [PL-24]
#[test]
fn the_same_rows_give_the_same_bytes_in_whatever_order_they_come() {
    let forwards = plans::of_tasks(60);
    let backwards = CampaignGraph::of(plans::rows(60).into_iter().rev()).unwrap();
    assert_eq!(forwards.svg(), backwards.svg());
    assert_eq!(forwards.mermaid(), backwards.mermaid());
    assert_eq!(forwards.tree(), backwards.tree());
    assert_eq!(json!(forwards), json!(backwards));
}

#[test]
fn a_tree_shows_a_task_once_and_refers_to_it_after_that() {
    let task = |id: &str, kind, after: &[&str], binding| Task {
        id: task_id(id),
        kind,
        goal: format!("Do {id}."),
        depends_on: after.iter().map(|id| task_id(id)).collect(),
        binding,
        status: TaskStatus::Blocked,
        ordinal: 0,
        ..a_task()
    };
    let of = |id: &str| Binding::SourceOf { task: task_id(id), index: 0 };
    let graph = graph_of(vec![
        task("a-read", TaskKind::Research, &[], Binding::Campaign),
        task("b-draw", TaskKind::Illustrate, &["a-read"], of("a-read")),
        task("c-write", TaskKind::Write, &["a-read", "b-draw"], of("a-read")),
        task("d-keep", TaskKind::Remember, &["c-write"], Binding::Campaign),
        task("e-pay", TaskKind::Transact, &[], Binding::Campaign),
        task("f-read", TaskKind::Research, &[], Binding::Campaign),
        task("g-film", TaskKind::Film, &["f-read"], of("f-read")),
        task("h-write", TaskKind::Write, &["g-film"], Binding::Campaign),
    ]);
    let expected = "\
Campaign c-1: planning, no plan yet
Tell people about small open tools worth trying.
8 tasks in 4 layers: 8 blocked

a-read  research  blocked  (v1, 0.00 USD)
│ Do a-read.
╞═ b-draw  illustrate  blocked  (v1, 0.00 USD)
│  │ Do b-draw.
│  ╘═ c-write  write  blocked  (v1, 0.00 USD)
│     │ Do c-write.
│     └─ d-keep  remember  blocked  (v1, 0.00 USD)
│          Do d-keep.
╘═ c-write (above)
e-pay  transact  blocked  (v1, 0.00 USD)
  Do e-pay.
f-read  research  blocked  (v1, 0.00 USD)
│ Do f-read.
╘═ g-film  film  blocked  (v1, 0.00 USD)
   │ Do g-film.
   ╘═ h-write  write  blocked  (v1, 0.00 USD)
        Do h-write.

═ works with what the task above it made, ─ only waits for it
";
    assert_eq!(graph.tree(), expected, "\n{}", graph.tree());
}

#[test]
fn a_campaign_without_a_plan_is_shown_all_the_same() {
    let graph = graph_of(Vec::new());
    for text in [graph.svg(), graph.tree(), graph.mermaid()] {
        assert!(text.contains("no plan yet") && text.contains("No tasks"), "{text}");
    }
    tags(&graph.svg());
    assert_eq!(CampaignGraph::of([]), None);
}
