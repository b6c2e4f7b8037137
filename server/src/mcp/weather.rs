//! Weather that is invented and follows the lab clock: alerts for the United States, forecasts for anywhere.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::noise::{choose, noise};

/// How many periods a forecast tells.
const PERIODS: usize = 5;

/// Days are counted from here.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Between blocks of text.
const SEPARATOR: &str = "\n---\n";

/// The bundled alerts and the words of forecasts.
#[derive(Debug, Deserialize)]
pub(super) struct Weather {
    states: BTreeSet<String>,
    alerts: Vec<Alert>,
    skies: Vec<Sky>,
    directions: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Alert {
    state: String,
    /// The months of the year in which it is in force.
    months: Vec<i8>,
    event: String,
    area: String,
    severity: String,
    description: String,
    instructions: String,
}

/// What a period's sky is like, by day and by night.
#[derive(Debug, Deserialize)]
struct Sky {
    day: String,
    night: String,
}

impl Weather {
    /// The data set in `server/data/weather.json`.
    pub(super) fn bundled() -> Self {
        serde_json::from_str(include_str!("../../data/weather.json")).expect("the bundled data set is tested")
    }

    /// The alerts in force in a state, by its two letters.
    pub(super) fn alerts(&self, state: &str, now: Timestamp) -> String {
        let state = state.trim().to_ascii_uppercase();
        if !self.states.contains(&state) {
            return "Unable to fetch alerts or no alerts found.".to_owned();
        }
        let month = Offset::UTC.to_datetime(now).month();
        let in_force: Vec<String> = self
            .alerts
            .iter()
            .filter(|alert| alert.state == state && alert.months.contains(&month))
            .map(Alert::text)
            .collect();
        if in_force.is_empty() { "No active alerts for this state.".to_owned() } else { in_force.join(SEPARATOR) }
    }

    /// The next periods at a place, in degrees.
    pub(super) fn forecast(&self, latitude: f64, longitude: f64, now: Timestamp) -> String {
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            return "Unable to fetch forecast data for this location.".to_owned();
        }
        // Solar time is near enough to the place's clock to tell day from night.
        let offset = SignedDuration::from_secs((longitude / 15.0 * 3600.0) as i64);
        let Ok(local) = Offset::UTC.to_datetime(now).checked_add(offset) else {
            return "Unable to fetch detailed forecast.".to_owned();
        };
        let place = format!("{latitude:.1},{longitude:.1}");
        periods(local).map(|period| self.period_text(&period, &place, latitude)).collect::<Vec<_>>().join(SEPARATOR)
    }

    fn period_text(&self, period: &Period, place: &str, latitude: f64) -> String {
        let key = |what: &str| format!("{place} {} {what}", if period.is_day { "day" } else { "night" });
        let temperature = temperature_fahrenheit(period, latitude, noise(&key("temperature"), period.day));
        let slow = 3 + (noise(&key("wind"), period.day) * 12.0) as i64;
        let wind = format!("{slow} to {} mph", slow + 5);
        let direction = choose(&self.directions, &key("direction"), period.day).map_or("N", String::as_str);
        let sky = choose(&self.skies, &key("sky"), period.day);
        let (sky, extreme) = match period.is_day {
            true => (sky.map_or("Sunny", |sky| sky.day.as_str()), "high"),
            false => (sky.map_or("Clear", |sky| sky.night.as_str()), "low"),
        };
        format!(
            "{}:\nTemperature: {temperature}°F\nWind: {wind} {direction}\n\
             Forecast: {sky}, with a {extreme} near {temperature}. {direction} wind {wind}.",
            period.name
        )
    }
}

impl Alert {
    fn text(&self) -> String {
        format!(
            "Event: {}\nArea: {}\nSeverity: {}\nDescription: {}\nInstructions: {}",
            self.event, self.area, self.severity, self.description, self.instructions
        )
    }
}

/// A day or a night.
struct Period {
    name: String,
    is_day: bool,
    /// Days since 1970.
    day: i64,
    /// Of the year.
    day_of_year: i16,
}

/// Days and nights by turns, from the one that `local` lies in.
fn periods(local: DateTime) -> impl Iterator<Item = Period> {
    let starts_by_day = (6..18).contains(&local.hour());
    let first = usize::from(!starts_by_day);
    (first..first + PERIODS).filter_map(move |half| {
        let is_day = half % 2 == 0;
        let ahead = i64::try_from(half / 2).ok()?;
        let date = local.date().checked_add(SignedDuration::from_hours(24 * ahead)).ok()?;
        let name = match (ahead, is_day) {
            (0, true) => "Today".to_owned(),
            (0, false) => "Tonight".to_owned(),
            (_, true) => weekday(date.weekday()).to_owned(),
            (_, false) => format!("{} Night", weekday(date.weekday())),
        };
        let day = date.duration_since(EPOCH).as_hours() / 24;
        Some(Period { name, is_day, day, day_of_year: date.day_of_year() })
    })
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// Warm at the equator, seasons that grow towards the poles, some chance.
fn temperature_fahrenheit(period: &Period, latitude: f64, chance: f64) -> i64 {
    let summer = if latitude >= 0.0 { 200.0 } else { 17.0 };
    let season = ((f64::from(period.day_of_year) - summer) / 365.0 * std::f64::consts::TAU).cos();
    let far_from_equator = latitude.abs();
    let mean = 84.0 - 0.75 * far_from_equator + 0.5 * far_from_equator * season;
    let time_of_day = if period.is_day { 7.0 } else { -7.0 };
    (mean + time_of_day + 12.0 * (chance - 0.5)).round() as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_data_set_says_that_it_is_invented_and_is_sound() {
        assert!(include_str!("../../data/weather.json").contains("invented"));
        let weather = Weather::bundled();
        assert!(weather.states.len() >= 51);
        assert!(weather.alerts.iter().all(|alert| weather.states.contains(&alert.state)));
        assert!(weather.alerts.iter().all(|alert| alert.months.iter().all(|month| (1..=12).contains(month))));
        assert!(!weather.skies.is_empty() && !weather.directions.is_empty());
    }

    #[test]
    fn alerts_are_those_of_the_state_and_the_season() {
        let weather = Weather::bundled();
        let winter = weather.alerts("ny", at("2026-01-15T09:00:00Z"));
        let members = ["Event: ", "\nArea: ", "\nSeverity: ", "\nDescription: ", "\nInstructions: "];
        assert!(members.iter().all(|member| winter.contains(member)), "{winter}");
        assert_ne!(winter, weather.alerts("NY", at("2026-07-15T09:00:00Z")));
        let two = weather.alerts("CA", at("2026-01-15T09:00:00Z"));
        assert_eq!(two.split(SEPARATOR).count(), 2, "{two}");
        assert_eq!(weather.alerts("HI", at("2026-04-15T09:00:00Z")), "No active alerts for this state.");
        for state in ["", "XX", "California", "../ny", "N\0Y"] {
            assert_eq!(weather.alerts(state, at("2026-01-15T09:00:00Z")), "Unable to fetch alerts or no alerts found.");
        }
    }

    #[test]
    fn a_forecast_tells_five_periods_from_now_on() {
        let weather = Weather::bundled();
        let names = |now, longitude| -> Vec<String> {
            let text = weather.forecast(47.6, longitude, at(now));
            text.split(SEPARATOR).map(|block| block.split(':').next().unwrap().to_owned()).collect()
        };
        assert_eq!(names("2026-01-15T20:00:00Z", -122.3), ["Today", "Tonight", "Friday", "Friday Night", "Saturday"]);
        assert_eq!(
            names("2026-01-15T20:00:00Z", 2.3),
            ["Tonight", "Friday", "Friday Night", "Saturday", "Saturday Night"]
        );
        let text = weather.forecast(47.6, -122.3, at("2026-01-15T20:00:00Z"));
        assert!(
            text.contains("\nTemperature: ") && text.contains("°F\nWind: ") && text.contains("\nForecast: "),
            "{text}"
        );
        assert_eq!(text, weather.forecast(47.6, -122.3, at("2026-01-15T20:00:00Z")));
    }

    #[test]
    fn a_place_that_is_nowhere_has_no_forecast() {
        let weather = Weather::bundled();
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.5), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(
                weather.forecast(latitude, longitude, at("2026-01-15T09:00:00Z")),
                "Unable to fetch forecast data for this location."
            );
        }
    }

    proptest! {
        #[test]
        fn any_place_and_time_has_some_answer(latitude: f64, longitude: f64, second in -377_705_116_800_i64..253_402_207_200) {
            let now = Timestamp::from_second(second).unwrap();
            prop_assert!(!Weather::bundled().forecast(latitude, longitude, now).is_empty());
            prop_assert!(!Weather::bundled().forecast(latitude % 90.0, longitude % 180.0, now).is_empty());
        }
    }
}
