//! `entralab run [FILE, folder or NAME …]`.

use std::path::PathBuf;

use clap::Args;
use scenarios::Scenario;

use super::report_files::{self, ReportOptions};
use super::settings::Settings;
use super::{Common, Exit, Failure, json_line, print};
use crate::play::Played;
use crate::report::{events, summary, terminal};

mod interruption;
mod parallel;
mod progress;
mod select;
mod watch;

use interruption::Interruption;
use progress::Progress;
use select::Selected;
pub(super) use select::{read_all, read_one};

/// Options of `run`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Scenario files, folders of them, or names of bundled ones. Default: all bundled ones.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only scenarios whose name, file, title or `reports` holds this text, in whatever case.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only scenarios with this tag; several tags add up.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// How many scenarios are played at a time. Default: ENTRALAB_JOBS, or as many as the machine has cores.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Stop at the first scenario that fails.
    #[arg(long)]
    fail_fast: bool,
    /// With --json: one line for each event before the summary.
    #[arg(long)]
    events: bool,
    /// Play again whatever changes in the named files, until interrupted.
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    reports: ReportOptions,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let usage = |message: &str| Err(Failure::new(Exit::Usage, "usage", message));
    if options.events && !common.json {
        return usage("--events writes JSON lines\nfix: add --json");
    }
    options.reports.check()?;
    if options.watch {
        return if options.files.is_empty() {
            usage("--watch needs files to watch\nfix: name them, or their folder")
        } else {
            watch::watch(options, common)
        };
    }
    let interruption = Interruption::awaited()?;
    let Selected { scenarios, in_error } = select::selected(options, common)?;
    let Some(failure) = in_error else { return round(&scenarios, options, &interruption, common) };
    failure.tell(common);
    if !scenarios.is_empty() && round(&scenarios, options, &interruption, common)? == Exit::Interrupted {
        return Ok(Exit::Interrupted);
    }
    Ok(failure.exit)
}

/// Plays `scenarios`, and tells of them on stdout and in the report files. What cannot be written is told, and hides no
/// result.
fn round(
    scenarios: &[Scenario],
    options: &Options,
    interruption: &Interruption,
    common: Common,
) -> Result<Exit, Failure> {
    let jobs = match options.jobs {
        Some(jobs) => Some(jobs),
        None => Settings::jobs()?,
    };
    let jobs = jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, Into::into), usize::from);
    let progress = Progress::of(scenarios.len(), common);
    let mut all_played: Vec<Played> = Vec::new();
    let mut untold = None;
    let started = parallel::play_all(
        scenarios,
        jobs,
        interruption,
        |done| progress.show(done),
        |played| {
            progress.clear();
            if let Some(scenario) = scenarios.get(all_played.len())
                && untold.is_none()
            {
                untold = tell(scenario, &played, options, common).err();
            }
            let go_on = played.passed() || !options.fail_fast;
            all_played.push(played);
            Ok(go_on)
        },
    );
    progress.clear();
    started?;
    let summary = match common.json {
        true => json_line(&summary::json(&all_played, scenarios.len())),
        false => summary::text(&all_played, common.colored()),
    };
    let untold = untold.or_else(|| print(&summary).err());
    report_files::tell_github(scenarios, &all_played);
    let unwritten = report_files::write_all(scenarios, &all_played, &options.reports).err();
    let is_cut_short = interruption.has_come() && all_played.len() < scenarios.len();
    if is_cut_short {
        let told = format!("interrupted: {} of {} played", all_played.len(), scenarios.len());
        let written = if !options.reports.are_wanted() { "" } else { "; the reports tell of those" };
        Failure::new(Exit::Interrupted, "interrupted", format!("{told}{written}")).tell(common);
    }
    let has_failed = !all_played.iter().all(Played::passed);
    match [untold, unwritten].into_iter().flatten().reduce(|first, second| {
        first.tell(common);
        second
    }) {
        Some(failure) if is_cut_short || has_failed => failure.tell(common),
        Some(failure) => return Err(failure),
        None => {}
    }
    Ok(match (is_cut_short, has_failed) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Ok,
    })
}

fn tell(scenario: &Scenario, played: &Played, options: &Options, common: Common) -> Result<(), Failure> {
    if common.json {
        let events = if options.events { events::events(scenario, played) } else { Vec::new() };
        return events.iter().try_for_each(|event| print(&json_line(event)));
    }
    let detail = terminal::Detail {
        colored: common.colored(),
        hops: !common.quiet && (common.verbose || !options.files.is_empty() || !scenario.has_change),
        steps: !common.quiet,
    };
    print(&terminal::scenario(scenario, played, detail))
}
