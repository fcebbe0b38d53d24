//! The graph as a Mermaid flowchart, for documents that draw one.

use std::collections::BTreeSet;

use crate::layout::Layout;
use crate::model::{CampaignGraph, EdgeKind, Link, Node};
use crate::state::State;
use crate::text::{fit, mermaid};
use crate::words;

/// Edges drawn at most, inputs first: Mermaid draws 500 unless its site says otherwise, those of the versions among them.
const EDGES: usize = 480;
/// Letters of a goal: two hundred tasks must stay within the 50 000 letters that Mermaid reads.
const GOAL_COLUMNS: usize = 24;
/// Letters of a version's reason.
const REASON_COLUMNS: usize = 60;
/// Versions shown, the newest.
const VERSIONS: usize = 12;

impl CampaignGraph {
    /// The graph as a Mermaid flowchart: a class per state, inputs as solid and mere waits as dotted arrows, and the plan versions
    /// beside it. What its reader would not draw by default, more than 480 edges, is named as left out.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut links = self.links();
        let layers = Layout::of(self.nodes.len(), &links).layers;
        links.sort_by_key(|link| link.kind);
        let left_out = links.len().saturating_sub(EDGES);
        links.truncate(EDGES);
        let mut text = format!(
            "flowchart TD\n    accTitle: {}\n    accDescr: {}\n",
            words::headline(self),
            words::summary(self, layers)
        );
        if left_out > 0 {
            text.push_str(&format!("    %% {left_out} edges are left out\n"));
        }
        self.nodes.iter().enumerate().for_each(|(at, node)| text.push_str(&task(at, node)));
        links.iter().for_each(|link| text.push_str(&edge(*link)));
        text.push_str(&versions(self));
        let states: BTreeSet<State> = self.nodes.iter().map(Node::state).collect();
        states.into_iter().for_each(|state| text.push_str(&class(state)));
        text
    }
}

fn task(at: usize, node: &Node) -> String {
    let lines = [
        format!("{} - {}", node.id, words::kind(node)),
        words::standing(node),
        fit(node.goal.as_str(), GOAL_COLUMNS),
        words::facts(node),
    ];
    let lines: Vec<String> = lines.iter().map(|line| mermaid(line)).collect();
    format!("    t{at}[\"{}\"]:::{}\n", lines.join("<br/>"), node.state().name())
}

fn edge(link: Link) -> String {
    let arrow = match link.kind {
        EdgeKind::Input => "-->|input|",
        EdgeKind::Wait => "-.->",
    };
    format!("    t{} {arrow} t{}\n", link.from, link.to)
}

/// The newest versions as a chain of their own.
fn versions(graph: &CampaignGraph) -> String {
    if graph.versions.is_empty() {
        return String::new();
    }
    let shown = &graph.versions[graph.versions.len().saturating_sub(VERSIONS)..];
    let mut text = "    subgraph versions[\"plan versions\"]\n        direction LR\n".to_owned();
    for version in shown {
        let counts = format!(
            "kept {}, added {}, dropped {}, changed {}",
            version.kept,
            version.added.len(),
            version.dropped.len(),
            version.changed.len()
        );
        let lines = [
            format!("version {} {}", version.number, version.status),
            fit(version.reason.as_str(), REASON_COLUMNS),
            counts,
            format!("estimate {}, {}", version.estimate, version.cost_delta),
        ];
        let lines: Vec<String> = lines.iter().map(|line| mermaid(line)).collect();
        text.push_str(&format!("        v{}[\"{}\"]\n", version.number, lines.join("<br/>")));
    }
    for version in shown.iter().filter(|version| shown.iter().any(|other| other.number == version.parent)) {
        text.push_str(&format!("        v{} --> v{}\n", version.parent, version.number));
    }
    text.push_str("    end\n");
    text
}

fn class(state: State) -> String {
    let (fill, stroke) = state.paint().light;
    let dashed = if state.is_idle() { ",stroke-dasharray:4 3" } else { "" };
    format!("    classDef {} fill:{fill},stroke:{stroke},color:#1f2328{dashed}\n", state.name())
}
