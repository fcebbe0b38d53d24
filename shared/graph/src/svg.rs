//! The graph as a picture: one SVG that needs nothing beside itself.

mod style;

use chimera_domain::{Priority, TaskId};

use crate::grid::{BOX_HEIGHT, BOX_WIDTH, GAP, Grid, MARGIN};
use crate::layout::Layout;
use crate::model::{CampaignGraph, EdgeKind, Link, Node};
use crate::routes::Router;
use crate::state::State;
use crate::text::{fit, xml};
use crate::words;

/// Lines drawn at most: more are a grey area. Inputs go first, and each box names what it waits for.
const LINES: usize = 2_000;
/// Width of a letter of a wide font on average, in pixels: what would not fit is cut before the box's edge cuts it.
const LETTER: usize = 7;
/// Between lines of text, in pixels.
const LEADING: usize = 18;
/// An entry of the legend, in pixels.
const LEGEND_WIDTH: usize = 118;
/// Columns of letters in a box, a little within its edges.
const BOX_COLUMNS: usize = (BOX_WIDTH - 16) / LETTER;

impl CampaignGraph {
    /// [PL-22] The graph as an SVG document: tasks in layers from what is done first to what is done last, wide layers in several
    /// rows, each task with its state in words, the plan versions below. It has a title and a description, no script and no
    /// reference to anything outside, and colours for a light and for a dark screen.
    #[must_use]
    pub fn svg(&self) -> String {
        let links = self.links();
        let layout = Layout::of(self.nodes.len(), &links);
        let mut legend: Vec<Entry> = words::counts(self).into_iter().map(Entry::State).collect();
        legend.extend([Entry::Edge(EdgeKind::Input), Entry::Edge(EdgeKind::Wait)]);
        let width = Grid { columns: layout.columns, rows: 0, top: 0 }.width();
        let beside = ((width - 2 * MARGIN) / LEGEND_WIDTH).max(1);
        let legend_top = MARGIN + 4 * LEADING;
        let top = legend_top + legend.len().div_ceil(beside) * LEADING;
        let grid = Grid { columns: layout.columns, rows: layout.rows, top };
        let mut page = Page { text: String::new(), columns: (width - 2 * MARGIN) / LETTER };
        page.heading(self, layout.layers);
        page.legend(&legend, beside, legend_top);
        let left_out = page.lines(self, &links, &Router::new(&layout, grid, &links));
        for (at, node) in self.nodes.iter().enumerate() {
            let spot = layout.spots[at];
            page.task(self, node, &waits_for(self, &links, at), (grid.x(spot.column), grid.y(spot.row)));
        }
        let height = page.versions(self, left_out, grid.bottom());
        format!("{}{}</svg>\n", head(self, layout.layers, width, height), page.text)
    }
}

/// What a legend explains.
enum Entry {
    State((State, usize)),
    Edge(EdgeKind),
}

/// The document up to its content.
fn head(graph: &CampaignGraph, layers: usize, width: usize, height: usize) -> String {
    let title = xml(&words::headline(graph));
    let about = xml(&format!("{}. Goal: {}", words::summary(graph, layers), graph.goal));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"cg\" role=\"img\" aria-labelledby=\"cg-title cg-about\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <title id=\"cg-title\">{title}</title>\n<desc id=\"cg-about\">{about}</desc>\n<style>{style}</style>\n\
         <defs><marker id=\"cg-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"cg-head\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
         <rect class=\"cg-paper\" width=\"{width}\" height=\"{height}\"/>\n",
        style = style::css(),
    )
}

/// The ids of what a task comes after.
fn waits_for<'a>(graph: &'a CampaignGraph, links: &[Link], task: usize) -> Vec<&'a TaskId> {
    let parents = links.iter().filter(|link| link.to == task);
    parents.map(|link| &graph.nodes[link.from].id).collect()
}

struct Page {
    text: String,
    /// Columns of letters over the whole width.
    columns: usize,
}

impl Page {
    /// A line of text, cut where the picture ends.
    fn line(&mut self, class: &str, (x, y): (usize, usize), text: &str) {
        let room = self.columns.saturating_sub(x.saturating_sub(MARGIN) / LETTER);
        self.text.push_str(&format!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>\n",
            xml(&fit(text, room))
        ));
    }

    fn heading(&mut self, graph: &CampaignGraph, layers: usize) {
        self.line("cg-title", (MARGIN, MARGIN + LEADING), &words::headline(graph));
        self.line("cg-text", (MARGIN, MARGIN + 2 * LEADING), graph.goal.as_str());
        self.line("cg-soft", (MARGIN, MARGIN + 3 * LEADING), &words::summary(graph, layers));
    }

    fn legend(&mut self, entries: &[Entry], beside: usize, top: usize) {
        for (at, entry) in entries.iter().enumerate() {
            let (x, y) = (MARGIN + at % beside * LEGEND_WIDTH, top + at / beside * LEADING);
            let words = match entry {
                Entry::State((state, count)) => {
                    let swatch = format!(
                        "<g class=\"cg-{}\"><rect x=\"{x}\" y=\"{y}\" width=\"16\" height=\"12\" rx=\"3\"/></g>\n",
                        state.name()
                    );
                    self.text.push_str(&swatch);
                    format!("{} {count}", state.name())
                }
                Entry::Edge(kind) => {
                    let (y, end) = (y + 6, x + 18);
                    let line =
                        format!("<path class=\"cg-line {}\" d=\"M{x} {y}H{end}\"/>\n", class_of(*kind));
                    self.text.push_str(&line);
                    if *kind == EdgeKind::Input { "input of" } else { "waits for" }.to_owned()
                }
            };
            self.line("cg-soft", (x + 22, y + 10), &words);
        }
    }

    /// Draws the lines; how many it leaves out.
    fn lines(&mut self, graph: &CampaignGraph, links: &[Link], router: &Router<'_>) -> usize {
        let mut drawn: Vec<&Link> = links.iter().collect();
        drawn.sort_by_key(|link| link.kind);
        drawn.truncate(LINES);
        // What only waits goes below what is made use of.
        for link in drawn.iter().rev() {
            let (from, to) = (&graph.nodes[link.from].id, &graph.nodes[link.to].id);
            let said = match link.kind {
                EdgeKind::Input => format!("{from} is input of {to}"),
                EdgeKind::Wait => format!("{to} waits for {from}"),
            };
            self.text.push_str(&format!(
                "<path class=\"cg-line {}\" marker-end=\"url(#cg-arrow)\" d=\"{}\"><title>{said}</title></path>\n",
                class_of(link.kind),
                router.path(link),
            ));
        }
        links.len() - drawn.len()
    }

    /// A task's box: a picture of its own, so that nothing in it shows beyond its edges.
    fn task(&mut self, graph: &CampaignGraph, node: &Node, after: &[&TaskId], (x, y): (usize, usize)) {
        let (state, right) = (node.state(), BOX_WIDTH - 8);
        let waits = if after.is_empty() {
            "waits for nothing".to_owned()
        } else {
            format!("after {}", words::list(after.iter().copied()))
        };
        let kind = match node.priority {
            Priority::High => format!("{}, high", node.kind.name()),
            Priority::Normal => node.kind.name().to_owned(),
        };
        let [standing, goal, waits, facts] =
            [&words::standing(node), node.goal.as_str(), &waits, &words::facts(node)]
                .map(|line| xml(&fit(line, BOX_COLUMNS)));
        let id = xml(&fit(node.id.as_str(), BOX_COLUMNS.saturating_sub(kind.len() + 1)));
        let about = xml(&about(graph, node, after));
        self.text.push_str(&format!(
            "<svg class=\"cg-task cg-{state}\" x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\">\
             <title>{about}</title><rect x=\"1\" y=\"1\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\
             <text class=\"cg-name\" x=\"8\" y=\"18\">{id}</text>\
             <text class=\"cg-soft\" x=\"{right}\" y=\"18\" text-anchor=\"end\">{kind}</text>\
             <text class=\"cg-state\" x=\"8\" y=\"35\">{standing}</text>\
             <text class=\"cg-text\" x=\"8\" y=\"52\">{goal}</text>\
             <text class=\"cg-soft\" x=\"8\" y=\"69\">{waits}</text>\
             <text class=\"cg-soft\" x=\"8\" y=\"86\">{facts}</text></svg>\n",
            state = state.name(),
            width = BOX_WIDTH - 2,
            height = BOX_HEIGHT - 2,
        ));
    }

    /// The versions, and what led to none of them; the picture's height.
    fn versions(&mut self, graph: &CampaignGraph, left_out: usize, top: usize) -> usize {
        let mut y = top;
        if left_out > 0 {
            let said = format!("{left_out} lines are left out; each task names what it comes after.");
            self.line("cg-soft", (MARGIN, y), &said);
            y += 2 * LEADING;
        }
        let of_versions = graph.versions.iter().rev().map(|version| words::version(graph, version));
        let unanswered = graph.signals.iter().filter(|signal| signal.plan.is_none()).map(words::unanswered);
        for block in of_versions.chain(unanswered.map(|line| vec![line])) {
            for (at, line) in block.iter().enumerate() {
                self.line(if at == 0 { "cg-name" } else { "cg-text" }, (MARGIN, y), line);
                y += LEADING;
            }
            y += LEADING / 2;
        }
        y.max(top - GAP) + MARGIN
    }
}

fn class_of(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Input => "cg-input",
        EdgeKind::Wait => "cg-wait",
    }
}

/// Everything about a task, for whoever rests on its box.
fn about(graph: &CampaignGraph, node: &Node, after: &[&TaskId]) -> String {
    let mut about =
        format!("{}: {}, {}. {}.", node.id, words::kind(node), words::standing(node), words::facts(node));
    if !after.is_empty() {
        about.push_str(&format!(" After {}.", words::list(after.iter().copied())));
    }
    if let Some(version) = graph.version(node.plan) {
        about.push_str(&format!(" Version {}: {}.", version.number, version.reason));
    }
    about.push_str(&format!(" Goal: {}", node.goal));
    if let Some(reason) = &node.reason {
        about.push_str(&format!(" Because: {reason}"));
    }
    about
}
