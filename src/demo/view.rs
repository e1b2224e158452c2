//! The demo on a terminal.

use jiff::tz::TimeZone;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style, Stylize},
    text::{Line, Span},
    widgets::{Block, Borders, Cell, Padding, Paragraph, Row, Table},
};

use super::{
    lines,
    scene::{Happening, Scene, Tone},
    setup::Places,
};
use crate::telemetry::metrics::Ledger;

/// Homes that are shown; the others are counted.
const HOMES_SHOWN: usize = 8;

/// What is shown besides the scene.
pub(super) struct Frontispiece<'a> {
    /// Time in the homes, and how fast it goes.
    pub(super) clock: String,
    /// Ports and addresses, and lines to paste into another terminal.
    pub(super) places: &'a Places,
    /// Warnings and errors that were logged.
    pub(super) complaints: usize,
    /// Of the machine.
    pub(super) zone: &'a TimeZone,
}

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, scene: &Scene, front: &Frontispiece<'_>) {
    let homes = u16::try_from(scene.homes().count().min(HOMES_SHOWN)).unwrap_or(0);
    let commands = front.places.commands_within(frame.area().width.into());
    let pasted = u16::try_from(front.places.addresses.len() + commands.len()).unwrap_or(0);
    let [head, houses, feed, books, paste] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(homes.max(1) + 3),
        Constraint::Min(4),
        Constraint::Length(4),
        Constraint::Length(pasted + 1),
    ])
    .areas(frame.area());
    draw_head(frame, head, front);
    draw_homes(frame, houses, scene);
    draw_feed(frame, feed, scene, front);
    draw_books(frame, books, scene, front);
    draw_paste(frame, paste, front, commands);
}

fn framed(title: &str) -> Block<'_> {
    Block::bordered()
        .border_style(Style::new().fg(Color::DarkGray))
        .title(Span::styled(format!(" {title} "), Style::new().bold()))
        .padding(Padding::horizontal(1))
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, front: &Frontispiece<'_>) {
    let [left, right] =
        Layout::horizontal([Constraint::Min(20), Constraint::Length(18)]).areas(area);
    let title = Line::from(vec![
        Span::styled(" trygg demo ", Style::new().add_modifier(Modifier::REVERSED).bold()),
        Span::raw(format!("  {}", front.clock)),
    ]);
    frame.render_widget(title, left);
    frame.render_widget(Line::from("Ctrl-C ends it ".dim()).right_aligned(), right);
}

fn draw_homes(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let heading = Row::new(["home", "last seen", "heart rate", "air", "happenings"]).dim();
    let mut rows: Vec<Row<'_>> = scene
        .homes()
        .take(HOMES_SHOWN)
        .map(|(name, home)| {
            Row::new([
                Cell::from(name.to_owned()),
                Cell::from(home.whereabouts.clone()),
                Cell::from(home.heart_rate.clone()),
                Cell::from(home.air.clone()),
                Cell::from(home.happenings.to_string()),
            ])
        })
        .collect();
    if rows.is_empty() {
        rows.push(Row::new([Cell::from("waiting".dim())]));
    }
    let widths = [
        Constraint::Length(12),
        Constraint::Min(20),
        Constraint::Length(11),
        Constraint::Length(9),
        Constraint::Length(10),
    ];
    let title = match scene.homes().count().saturating_sub(HOMES_SHOWN) {
        0 => "The homes".to_owned(),
        more => format!("The homes, and {more} more"),
    };
    frame.render_widget(Table::new(rows, widths).header(heading).block(framed(&title)), area);
}

fn draw_feed(frame: &mut Frame<'_>, area: Rect, scene: &Scene, front: &Frontispiece<'_>) {
    let room = usize::from(area.height.saturating_sub(2));
    let lines: Vec<Line<'_>> =
        scene.feed().take(room).map(|happening| feed_line(happening, front.zone)).collect();
    let block = framed("What just happened, as it stands in Kafka");
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn feed_line(happening: &Happening, zone: &TimeZone) -> Line<'static> {
    let style = match happening.tone {
        Tone::Calm => Style::new(),
        Tone::Urgent => Style::new().fg(Color::Red).bold(),
        Tone::Refused => Style::new().fg(Color::Yellow),
    };
    Line::from(vec![
        Span::raw(format!("{}  ", lines::clock(zone, happening))).dim(),
        Span::styled(format!("{:<10}", happening.home), Style::new().fg(Color::Cyan)),
        Span::styled(happening.words.clone(), style),
    ])
}

fn draw_books(frame: &mut Frame<'_>, area: Rect, scene: &Scene, front: &Frontispiece<'_>) {
    let rates = scene.rates();
    let empty = Ledger::default();
    let ledger = scene.ledger().unwrap_or(&empty);
    let sum = |counts: &[u64; 2]| counts.iter().sum::<u64>();
    let messages = format!(
        "messages {:>5.1}/s  sent {}, received {} = acknowledged {} + in flight {}",
        rates.messages,
        scene.published(),
        sum(&ledger.received),
        sum(&ledger.settled),
        sum(&ledger.in_flight) + sum(&ledger.orphaned),
    );
    let readings = format!(
        "readings {:>5.1}/s  found {} = in Kafka {} + dead letters {} + in flight {}",
        rates.readings,
        ledger.decoded,
        ledger.delivered,
        ledger.dead_lettered,
        ledger.readings_in_flight,
    );
    let balanced = ledger.message_imbalance() == 0 && ledger.reading_imbalance() == 0;
    let title = match (balanced, front.complaints) {
        (true, 0) => "The books balance".to_owned(),
        (true, complaints) => format!("The books balance; {complaints} warnings, shown at the end"),
        (false, _) => "The books do NOT balance".to_owned(),
    };
    let lines = vec![Line::from(messages), Line::from(readings)];
    frame.render_widget(Paragraph::new(lines).block(framed(&title)), area);
}

fn draw_paste(frame: &mut Frame<'_>, area: Rect, front: &Frontispiece<'_>, commands: Vec<String>) {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (what, place) in &front.places.addresses {
        let what = Span::styled(format!("{what:<11}"), Style::new().fg(Color::DarkGray));
        lines.push(Line::from(vec![what, Span::raw(place.clone())]));
    }
    for command in commands {
        lines.push(Line::from(Span::styled(command, Style::new().fg(Color::Green))));
    }
    // Without a frame at the sides, so that lines can be marked and copied.
    let block = framed("Try it, in another terminal").borders(Borders::TOP).padding(Padding::ZERO);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
