//! What the person at the terminal sees: one line per step, rewritten when it is done; plain lines elsewhere.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

/// Writes to stderr, so that stdout stays free for results.
#[derive(Debug)]
pub(super) struct Progress {
    terminal: bool,
    open: Option<(String, Instant)>,
}

impl Progress {
    /// A display that looks at what stderr is.
    pub fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), open: None }
    }

    /// Begins a step. A step that is not done yet is closed by the next one.
    pub fn step(&mut self, title: &str) {
        self.open = Some((title.to_owned(), Instant::now()));
        self.show_open();
    }

    /// Ends the step, with what came of it.
    pub fn done(&mut self, result: &str) {
        if let Some((title, since)) = self.open.take() {
            self.line(&step_line(&title, result, since.elapsed()));
        }
    }

    /// Says a sentence, above the step that is under way.
    pub fn say(&mut self, sentence: &str) {
        self.line(sentence);
        self.show_open();
    }

    fn show_open(&self) {
        if let (true, Some((title, _))) = (self.terminal, &self.open) {
            eprint!("\r\x1b[2K  … {title}");
            // Nothing to be done when the terminal is gone.
            let _ = std::io::stderr().flush();
        }
    }

    fn line(&self, text: &str) {
        if self.terminal {
            eprint!("\r\x1b[2K");
        }
        eprintln!("{text}");
    }
}

fn step_line(title: &str, result: &str, took: Duration) -> String {
    format!("  ✓ {title:<16} {result} ({:.1} s)", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_tells_what_came_of_it_and_how_long_it_took() {
        let line = step_line("LiveKit", "ready", Duration::from_millis(1_240));
        assert_eq!(line, "  ✓ LiveKit          ready (1.2 s)");
    }
}
