//! What a person sees of the demo while it runs: a picture, or lines.

use std::{
    io::{self, Write},
    time::Duration,
};

use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::{
    Look, Settings, lines, scene::Scene, screen::Screen, setup::Places, view::Frontispiece,
};
use crate::{
    tail::{Event, Layout, zone_of_this_machine},
    telemetry::{logging::kept::Kept, metrics::Ledger},
    testbed::{Homes, Timepiece},
};

/// How often lines show the books.
const BOOKS: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct Show {
    scene: Scene,
    form: Form,
    places: Places,
    zone: TimeZone,
    /// Of the homes.
    timepiece: Timepiece,
    speed: f64,
    started: Instant,
}

enum Form {
    Screen(Screen),
    Lines { layout: Layout, next_books: Instant },
}

impl Show {
    /// Takes the terminal, or says in lines where everything is.
    pub(super) fn open(
        settings: &Settings,
        places: Places,
        out: &mut dyn Write,
    ) -> io::Result<Self> {
        let zone = zone_of_this_machine();
        let started = Instant::now();
        let form = match settings.look {
            Look::Screen => Form::Screen(Screen::open()?),
            Look::Lines => {
                places.write(out)?;
                let layout = Layout::new(zone.clone(), None, false);
                Form::Lines { layout, next_books: started + BOOKS }
            }
        };
        let timepiece = Homes::new(settings.seed, &settings.homes()).timepiece();
        let speed = settings.speed;
        Ok(Self { scene: Scene::default(), form, places, zone, timepiece, speed, started })
    }

    /// Something stands in Kafka.
    pub(super) fn hear(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let is_worth_a_line = self.scene.hear(event);
        match &mut self.form {
            Form::Lines { layout, .. } if is_worth_a_line => {
                layout.write(event, out)?;
                out.flush()
            }
            Form::Lines { .. } | Form::Screen(_) => Ok(()),
        }
    }

    /// The books, every second or so.
    pub(super) fn note(
        &mut self,
        ledger: Ledger,
        published: u64,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if let Form::Lines { next_books, .. } = &mut self.form
            && Instant::now() >= *next_books
        {
            *next_books += BOOKS;
            lines::books(out, published, &ledger)?;
        }
        self.scene.note(self.started.elapsed(), published, ledger);
        Ok(())
    }

    /// Draws. Says whether the end was asked for at the terminal.
    pub(super) fn frame(&mut self, kept: &Kept) -> io::Result<bool> {
        let Form::Screen(screen) = &mut self.form else { return Ok(false) };
        let simulated = self.started.elapsed().mul_f64(self.speed);
        let front = Frontispiece {
            clock: format!(
                "{} in the homes, {} times as fast",
                self.timepiece.read(simulated),
                self.speed
            ),
            places: &self.places,
            complaints: kept.count(),
            zone: &self.zone,
        };
        screen.draw(&self.scene, &front)?;
        Screen::is_end_asked_for()
    }
}
