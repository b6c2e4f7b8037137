//! The three tools, as the article's server has them.
//!
//! Each of ours has a description; the article's `get_stockprice` has none. A tool that finds nothing says so in an
//! ordinary result, as there.

use std::sync::Arc;

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{Implementation, JsonObject, ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde_json::Value;
use wire::Clock;

use super::market::Market;
use super::weather::Weather;

/// How much of a caller's text is said back.
const ECHO_LIMIT_CHARS: usize = 32;

/// The tools with their data.
#[derive(Clone)]
pub(super) struct Tools {
    market: Arc<Market>,
    weather: Arc<Weather>,
    clock: Clock,
}

#[derive(Deserialize, JsonSchema)]
struct StockPrice {
    /// The ticker symbol of a listed company, such as TSLA.
    ticker_symbol: String,
}

#[derive(Deserialize, JsonSchema)]
struct Alerts {
    /// Two-letter code of a US state, such as CA.
    state: String,
}

#[derive(Deserialize, JsonSchema)]
struct Forecast {
    /// Latitude of the location, in degrees north.
    latitude: f64,
    /// Longitude of the location, in degrees east.
    longitude: f64,
}

#[tool_router]
impl Tools {
    pub(super) fn new(clock: Clock) -> Self {
        Self { market: Arc::new(Market::bundled()), weather: Arc::new(Weather::bundled()), clock }
    }

    #[tool(
        description = "Get the current stock price of a company by its ticker symbol. Returns a JSON object.",
        input_schema = flat_schema::<StockPrice>()
    )]
    fn get_stockprice(&self, Parameters(asked): Parameters<StockPrice>) -> String {
        let quote = self.market.quote(&asked.ticker_symbol, self.clock.now());
        quote.and_then(|quote| serde_json::to_string(&quote).ok()).unwrap_or_else(|| {
            let symbol: String = asked.ticker_symbol.chars().take(ECHO_LIMIT_CHARS).collect();
            format!("Unable to fetch stock price for sybmol {symbol}") // misspelt there, too
        })
    }

    #[tool(
        description = "Get weather alerts for a US state by its two-letter code.",
        input_schema = flat_schema::<Alerts>()
    )]
    fn get_alerts(&self, Parameters(asked): Parameters<Alerts>) -> String {
        self.weather.alerts(&asked.state, self.clock.now())
    }

    #[tool(
        description = "Get the weather forecast for a location by its latitude and longitude.",
        input_schema = flat_schema::<Forecast>()
    )]
    fn get_forecast(&self, Parameters(asked): Parameters<Forecast>) -> String {
        self.weather.forecast(asked.latitude, asked.longitude, self.clock.now())
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("mcpserver", env!("CARGO_PKG_VERSION")))
    }
}

/// The schema of a tool's arguments in one piece: Copilot Studio drops tools whose schema has a `$ref`.
fn flat_schema<T: JsonSchema>() -> Arc<JsonObject> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    match settings.into_generator().into_root_schema_for::<T>().to_value() {
        Value::Object(mut schema) => {
            schema.shift_remove("title");
            Arc::new(schema)
        }
        _ => Arc::default(),
    }
}
