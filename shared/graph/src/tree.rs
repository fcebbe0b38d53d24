//! The graph as text for a terminal.

use crate::layout::Layout;
use crate::model::{CampaignGraph, EdgeKind};
use crate::text::fit;
use crate::words;

/// Columns of a goal or reason: with its indentation it still fits a wide terminal.
const COLUMNS: usize = 96;

impl CampaignGraph {
    /// The graph as indented text: below each task what comes after it. A task that comes after several is shown once, where it
    /// is met first, and referred to after that.
    #[must_use]
    pub fn tree(&self) -> String {
        let links = self.links();
        let tasks = self.nodes.len();
        let mut children = vec![Vec::new(); tasks];
        let mut is_root = vec![true; tasks];
        for link in &links {
            children[link.from].push((link.to, link.kind));
            is_root[link.to] = false;
        }
        let mut walk = Walk { graph: self, children, is_shown: vec![false; tasks], text: String::new() };
        walk.head(Layout::of(tasks, &links).layers);
        (0..tasks).filter(|task| is_root[*task]).for_each(|task| walk.show(task, "", "", ""));
        // Only what waits for itself is left, which no plan has.
        for task in 0..tasks {
            if !walk.is_shown[task] {
                walk.show(task, "", "", "");
            }
        }
        if links.iter().any(|link| link.kind == EdgeKind::Input) {
            walk.line("\n═ works with what the task above it made, ─ only waits for it");
        }
        walk.versions();
        walk.text
    }
}

struct Walk<'a> {
    graph: &'a CampaignGraph,
    children: Vec<Vec<(usize, EdgeKind)>>,
    is_shown: Vec<bool>,
    text: String,
}

impl Walk<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn head(&mut self, layers: usize) {
        self.line(&words::headline(self.graph));
        self.line(&fit(self.graph.goal.as_str(), COLUMNS));
        self.line(&words::summary(self.graph, layers));
        self.line("");
    }

    /// A task behind `branch`, and below it, behind `indent`, what comes after it.
    fn show(&mut self, task: usize, indent: &str, branch: &str, below: &str) {
        let node = &self.graph.nodes[task];
        if self.is_shown[task] {
            return self.line(&format!("{indent}{branch}{} (above)", node.id));
        }
        self.is_shown[task] = true;
        let (standing, facts) = (words::standing(node), words::facts(node));
        self.line(&format!("{indent}{branch}{}  {}  {standing}  ({facts})", node.id, words::kind(node)));
        let children = std::mem::take(&mut self.children[task]);
        let inner = format!("{indent}{below}");
        let trunk = if children.is_empty() { "  " } else { "│ " };
        self.line(&format!("{inner}{trunk}{}", fit(node.goal.as_str(), COLUMNS)));
        if let Some(reason) = &node.reason {
            self.line(&format!("{inner}{trunk}because: {}", fit(reason.as_str(), COLUMNS)));
        }
        for (at, (child, kind)) in children.iter().enumerate() {
            let is_last = at + 1 == children.len();
            let branch = match (is_last, kind) {
                (false, EdgeKind::Input) => "╞═ ",
                (true, EdgeKind::Input) => "╘═ ",
                (false, EdgeKind::Wait) => "├─ ",
                (true, EdgeKind::Wait) => "└─ ",
            };
            self.show(*child, &inner, branch, if is_last { "   " } else { "│  " });
        }
    }

    fn versions(&mut self) {
        let graph = self.graph;
        for version in &graph.versions {
            self.line("");
            for (at, line) in words::version(graph, version).iter().enumerate() {
                self.line(&format!("{}{line}", if at == 0 { "" } else { "  " }));
            }
        }
        let unanswered: Vec<String> =
            graph.signals.iter().filter(|signal| signal.plan.is_none()).map(words::unanswered).collect();
        for (at, line) in unanswered.iter().enumerate() {
            self.line(&format!("{}{line}", if at == 0 { "\n" } else { "" }));
        }
    }
}
