//! The terminal while the demo has it.

use std::{io, time::Duration};

use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
};

use super::{
    scene::Scene,
    view::{self, Frontispiece},
};

/// Holds the terminal in raw mode and on its second page; gives it back when dropped, and when
/// something panics.
pub(super) struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self { terminal: ratatui::try_init()? })
    }

    /// Draws what has changed.
    pub(super) fn draw(&mut self, scene: &Scene, front: &Frontispiece<'_>) -> io::Result<()> {
        self.terminal.draw(|frame| view::draw(frame, scene, front)).map(|_frame| ())
    }

    /// Has the end been asked for? In raw mode Ctrl-C is a key like any other.
    pub(super) fn is_end_asked_for() -> io::Result<bool> {
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let is_ctrl_c =
                    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                if is_ctrl_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
