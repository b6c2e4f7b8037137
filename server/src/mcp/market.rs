//! Stock prices that are invented and move with the lab's date.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::noise::noise;

/// How far a day's prices may lie from the price in the data set, as a share of it.
const SWING: f64 = 0.06;

/// How far a price moves within a day.
const DAY_RANGE: f64 = 0.025;

/// The bundled listings.
#[derive(Debug, Deserialize)]
pub(super) struct Market {
    quotes: BTreeMap<String, Listing>,
}

#[derive(Debug, Deserialize)]
struct Listing {
    price: f64,
}

/// A quote, under the member names of the article's server, spaces included.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Quote {
    symbol: String,
    date: String,
    #[serde(rename = "current price")]
    current: f64,
    #[serde(rename = "low price")]
    low: f64,
    #[serde(rename = "high price")]
    high: f64,
    #[serde(rename = "opening price")]
    opening: f64,
    link: String,
}

impl Market {
    /// The data set in `server/data/market.json`.
    pub(super) fn bundled() -> Self {
        serde_json::from_str(include_str!("../../data/market.json")).expect("the bundled data set is tested")
    }

    /// The quote of a listed symbol on the lab's date, in whatever case it is written.
    pub(super) fn quote(&self, symbol: &str, now: Timestamp) -> Option<Quote> {
        let (symbol, listing) = self.quotes.get_key_value(&symbol.trim().to_ascii_uppercase())?;
        let date = Offset::UTC.to_datetime(now).date();
        let day = now.as_second().div_euclid(86_400);
        let around = |what: &str, share: f64| 1.0 + share * (2.0 * noise(&format!("{symbol} {what}"), day) - 1.0);
        let opening = listing.price * around("opening", SWING);
        let current = opening * around("current", DAY_RANGE);
        let margin = |what: &str| noise(&format!("{symbol} {what}"), day) * DAY_RANGE / 2.0;
        Some(Quote {
            symbol: symbol.clone(),
            date: date.to_string(),
            current: to_cents(current),
            low: to_cents(opening.min(current) * (1.0 - margin("low"))),
            high: to_cents(opening.max(current) * (1.0 + margin("high"))),
            opening: to_cents(opening),
            link: format!("https://finance.yahoo.com/quote/{symbol}"),
        })
    }
}

fn to_cents(price: f64) -> f64 {
    (price * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_data_set_says_that_it_is_invented_and_lists_the_well_known() {
        assert!(include_str!("../../data/market.json").contains("invented"));
        let market = Market::bundled();
        assert!(market.quotes.len() >= 24);
        for symbol in ["TSLA", "MSFT", "AAPL", "GOOGL", "AMZN", "NVDA"] {
            assert!(market.quote(symbol, at("2026-01-15T09:00:00Z")).is_some(), "{symbol}");
        }
    }

    #[test]
    fn prices_are_those_of_the_date_and_fit_together() {
        let market = Market::bundled();
        let quote = |symbol, now| market.quote(symbol, at(now)).unwrap();
        let morning = quote("tsla ", "2026-01-15T00:00:00Z");
        assert_eq!(morning, quote("TSLA", "2026-01-15T23:59:59Z"));
        assert_eq!(morning.date, "2026-01-15");
        let other = quote("TSLA", "2026-01-16T00:00:00Z");
        assert_eq!(other.date, "2026-01-16");
        assert!((other.current - morning.current).abs() > 0.0);
        for symbol in market.quotes.keys() {
            for day in 0..60 {
                let quote =
                    market.quote(symbol, Timestamp::from_second(1_768_467_600 + day * 86_400).unwrap()).unwrap();
                assert!(quote.low > 0.0 && quote.low <= quote.opening.min(quote.current), "{quote:?}");
                assert!(quote.high >= quote.opening.max(quote.current), "{quote:?}");
            }
        }
    }

    #[test]
    fn what_is_not_listed_has_no_quote() {
        let market = Market::bundled();
        for symbol in ["", "NOPE", "../../etc/passwd", "__proto__", "TSLA;", &"A".repeat(1024 * 1024)] {
            assert_eq!(market.quote(symbol, at("2026-01-15T09:00:00Z")), None);
        }
    }
}
