//! The companies, cities and states that are known by name. Names are in lower case, their words apart by spaces.

use super::words::{Kind, Token};

/// A company whose shares are traded.
#[derive(Debug, PartialEq)]
pub struct Company {
    /// The ticker symbol.
    pub ticker: &'static str,
    /// Its name.
    pub name: &'static str,
    spoken: &'static [&'static str],
}

/// A city of the United States.
#[derive(Debug, PartialEq)]
pub struct City {
    /// Its name.
    pub name: &'static str,
    /// The two letters of its state.
    pub state: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    spoken: &'static [&'static str],
}

/// A state of the United States.
#[derive(Debug, PartialEq)]
pub struct State {
    /// Its two letters.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    spoken: &'static str,
}

/// Something known that a text names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Thing {
    /// A company.
    Company(&'static Company),
    /// A city.
    City(&'static City),
    /// A state.
    State(&'static State),
}

/// Where a text names something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mention {
    /// The first token.
    pub first: usize,
    /// How many tokens.
    pub length: usize,
    /// What it names.
    pub thing: Thing,
}

impl Mention {
    /// Whether the token at `place` is part of it.
    #[must_use]
    pub fn covers(&self, place: usize) -> bool {
        (self.first..self.first + self.length).contains(&place)
    }

    fn lies_in(&self, other: &Self) -> bool {
        other.length > self.length && other.covers(self.first) && other.covers(self.first + self.length - 1)
    }
}

/// The state of these two letters.
#[must_use]
pub fn state_of(code: &str) -> Option<&'static State> {
    STATES.iter().find(|state| state.code == code)
}

/// Everything known that a text names, in order; a name inside a longer one is not meant.
#[must_use]
pub fn mentions(tokens: &[Token<'_>]) -> Vec<Mention> {
    let mut found = Vec::new();
    for first in 0..tokens.len() {
        let length = |spoken: &str| matched(spoken, &tokens[first..]);
        for company in COMPANIES {
            let named = company.spoken.iter().filter_map(|spoken| length(spoken)).max();
            if let Some(length) = named.or_else(|| is_ticker_of(company, &tokens[first]).then_some(1)) {
                found.push(Mention { first, length, thing: Thing::Company(company) });
            }
        }
        for state in STATES {
            let named = length(state.spoken);
            if let Some(length) = named.or_else(|| (tokens[first].text == state.code).then_some(1)) {
                found.push(Mention { first, length, thing: Thing::State(state) });
            }
        }
        found.extend(city_at(tokens, first));
    }
    let all = found.clone();
    found.retain(|mention| !all.iter().any(|other| mention.lies_in(other)));
    found
}

/// How many tokens the name takes, if the text starts with it.
fn matched(spoken: &str, tokens: &[Token<'_>]) -> Option<usize> {
    let mut length = 0;
    for word in spoken.split(' ') {
        let token = tokens.get(length)?;
        if token.lower != word || token.kind != Kind::Word {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// Ticker symbols of four letters are known in lower case too, unless they are words.
fn is_ticker_of(company: &Company, token: &Token<'_>) -> bool {
    const WORDS: [&str; 6] = ["COST", "SHOP", "SNOW", "SPOT", "SONY", "UBER"];
    let is_symbol = token.kind == Kind::Word && token.text.len() > 1 && token.text == company.ticker;
    let in_lower_case = company.ticker.len() == 4 && !WORDS.contains(&company.ticker);
    is_symbol || (in_lower_case && token.text.eq_ignore_ascii_case(company.ticker))
}

/// The city named here: the one in the state that is named after it, or else the best known.
fn city_at(tokens: &[Token<'_>], first: usize) -> Option<Mention> {
    let named = |city: &'static City| {
        let length = city.spoken.iter().filter_map(|spoken| matched(spoken, &tokens[first..])).max()?;
        Some((city, length))
    };
    let candidates: Vec<(&'static City, usize)> = CITIES.iter().filter_map(named).collect();
    let longest = candidates.iter().map(|(_, length)| *length).max()?;
    let in_named_state = candidates.iter().find_map(|(city, length)| {
        let after = tokens.get(first + length..)?;
        let state = state_of(city.state)?;
        let state_length = matched(state.spoken, after).or_else(|| (after.first()?.text == state.code).then_some(1))?;
        Some(Mention { first, length: length + state_length, thing: Thing::City(city) })
    });
    let best_known = candidates.iter().find(|(_, length)| *length == longest);
    in_named_state
        .or_else(|| best_known.map(|(city, length)| Mention { first, length: *length, thing: Thing::City(city) }))
}

const fn company(ticker: &'static str, name: &'static str, spoken: &'static [&'static str]) -> Company {
    Company { ticker, name, spoken }
}

const fn city(
    name: &'static str,
    state: &'static str,
    latitude: f64,
    longitude: f64,
    spoken: &'static [&'static str],
) -> City {
    City { name, state, latitude, longitude, spoken }
}

const fn state(code: &'static str, name: &'static str, spoken: &'static str) -> State {
    State { code, name, spoken }
}

/// The companies that are asked for by name.
const COMPANIES: &[Company] = &[
    company("TSLA", "Tesla", &["tesla"]),
    company("MSFT", "Microsoft", &["microsoft"]),
    company("AAPL", "Apple", &["apple"]),
    company("GOOGL", "Alphabet", &["alphabet", "google"]),
    company("AMZN", "Amazon", &["amazon"]),
    company("META", "Meta Platforms", &["meta platforms", "meta", "facebook"]),
    company("NVDA", "NVIDIA", &["nvidia"]),
    company("NFLX", "Netflix", &["netflix"]),
    company("AMD", "AMD", &["amd", "advanced micro devices"]),
    company("INTC", "Intel", &["intel"]),
    company("IBM", "IBM", &["ibm", "international business machines"]),
    company("ORCL", "Oracle", &["oracle"]),
    company("CRM", "Salesforce", &["salesforce"]),
    company("ADBE", "Adobe", &["adobe"]),
    company("CSCO", "Cisco", &["cisco"]),
    company("QCOM", "Qualcomm", &["qualcomm"]),
    company("AVGO", "Broadcom", &["broadcom"]),
    company("TXN", "Texas Instruments", &["texas instruments"]),
    company("SAP", "SAP", &["sap"]),
    company("SHOP", "Shopify", &["shopify"]),
    company("UBER", "Uber", &["uber"]),
    company("ABNB", "Airbnb", &["airbnb"]),
    company("PYPL", "PayPal", &["paypal"]),
    company("SPOT", "Spotify", &["spotify"]),
    company("SNOW", "Snowflake", &["snowflake"]),
    company("PLTR", "Palantir", &["palantir"]),
    company("JPM", "JPMorgan Chase", &["jpmorgan chase", "jpmorgan", "jp morgan"]),
    company("BAC", "Bank of America", &["bank of america"]),
    company("GS", "Goldman Sachs", &["goldman sachs"]),
    company("MS", "Morgan Stanley", &["morgan stanley"]),
    company("WFC", "Wells Fargo", &["wells fargo"]),
    company("C", "Citigroup", &["citigroup"]),
    company("V", "Visa", &["visa"]),
    company("MA", "Mastercard", &["mastercard"]),
    company("AXP", "American Express", &["american express"]),
    company("BRK.B", "Berkshire Hathaway", &["berkshire hathaway", "berkshire"]),
    company("JNJ", "Johnson & Johnson", &["johnson johnson"]),
    company("PFE", "Pfizer", &["pfizer"]),
    company("MRNA", "Moderna", &["moderna"]),
    company("LLY", "Eli Lilly", &["eli lilly"]),
    company("KO", "Coca-Cola", &["coca cola", "coke"]),
    company("PEP", "PepsiCo", &["pepsico", "pepsi"]),
    company("MCD", "McDonald's", &["mcdonald"]),
    company("SBUX", "Starbucks", &["starbucks"]),
    company("NKE", "Nike", &["nike"]),
    company("WMT", "Walmart", &["walmart"]),
    company("TGT", "Target", &["target"]),
    company("COST", "Costco", &["costco"]),
    company("HD", "Home Depot", &["home depot"]),
    company("PG", "Procter & Gamble", &["procter gamble"]),
    company("DIS", "Disney", &["disney", "walt disney"]),
    company("BA", "Boeing", &["boeing"]),
    company("GE", "General Electric", &["general electric"]),
    company("GM", "General Motors", &["general motors"]),
    company("F", "Ford", &["ford", "ford motor"]),
    company("TM", "Toyota", &["toyota"]),
    company("XOM", "ExxonMobil", &["exxonmobil", "exxon", "exxon mobil"]),
    company("CVX", "Chevron", &["chevron"]),
    company("T", "AT&T", &["at t"]),
    company("VZ", "Verizon", &["verizon"]),
    company("CAT", "Caterpillar", &["caterpillar"]),
    company("UPS", "UPS", &["ups"]),
    company("FDX", "FedEx", &["fedex"]),
    company("DAL", "Delta Air Lines", &["delta air lines"]),
    company("SONY", "Sony", &["sony"]),
    company("BABA", "Alibaba", &["alibaba"]),
];

/// The cities, in the middle of each; the better known first where several have one name.
const CITIES: &[City] = &[
    city("New York", "NY", 40.7128, -74.006, &["new york", "new york city", "nyc", "manhattan"]),
    city("Los Angeles", "CA", 34.0522, -118.2437, &["los angeles"]),
    city("Chicago", "IL", 41.8781, -87.6298, &["chicago"]),
    city("Houston", "TX", 29.7604, -95.3698, &["houston"]),
    city("Phoenix", "AZ", 33.4484, -112.074, &["phoenix"]),
    city("Philadelphia", "PA", 39.9526, -75.1652, &["philadelphia"]),
    city("San Antonio", "TX", 29.4241, -98.4936, &["san antonio"]),
    city("San Diego", "CA", 32.7157, -117.1611, &["san diego"]),
    city("Dallas", "TX", 32.7767, -96.797, &["dallas"]),
    city("San Jose", "CA", 37.3382, -121.8863, &["san jose"]),
    city("Austin", "TX", 30.2672, -97.7431, &["austin"]),
    city("Jacksonville", "FL", 30.3322, -81.6557, &["jacksonville"]),
    city("Fort Worth", "TX", 32.7555, -97.3308, &["fort worth"]),
    city("Columbus", "OH", 39.9612, -82.9988, &["columbus"]),
    city("Columbus", "GA", 32.461, -84.9877, &["columbus"]),
    city("Charlotte", "NC", 35.2271, -80.8431, &["charlotte"]),
    city("San Francisco", "CA", 37.7749, -122.4194, &["san francisco"]),
    city("Indianapolis", "IN", 39.7684, -86.1581, &["indianapolis"]),
    city("Seattle", "WA", 47.6062, -122.3321, &["seattle"]),
    city("Denver", "CO", 39.7392, -104.9903, &["denver"]),
    city("Washington", "DC", 38.9072, -77.0369, &["washington", "washington dc"]),
    city("Boston", "MA", 42.3601, -71.0589, &["boston"]),
    city("El Paso", "TX", 31.7619, -106.485, &["el paso"]),
    city("Nashville", "TN", 36.1627, -86.7816, &["nashville"]),
    city("Detroit", "MI", 42.3314, -83.0458, &["detroit"]),
    city("Oklahoma City", "OK", 35.4676, -97.5164, &["oklahoma city"]),
    city("Portland", "OR", 45.5152, -122.6784, &["portland"]),
    city("Portland", "ME", 43.6591, -70.2568, &["portland"]),
    city("Las Vegas", "NV", 36.1699, -115.1398, &["las vegas"]),
    city("Memphis", "TN", 35.1495, -90.049, &["memphis"]),
    city("Louisville", "KY", 38.2527, -85.7585, &["louisville"]),
    city("Baltimore", "MD", 39.2904, -76.6122, &["baltimore"]),
    city("Milwaukee", "WI", 43.0389, -87.9065, &["milwaukee"]),
    city("Albuquerque", "NM", 35.0844, -106.6504, &["albuquerque"]),
    city("Tucson", "AZ", 32.2226, -110.9747, &["tucson"]),
    city("Fresno", "CA", 36.7378, -119.7871, &["fresno"]),
    city("Sacramento", "CA", 38.5816, -121.4944, &["sacramento"]),
    city("Kansas City", "MO", 39.0997, -94.5786, &["kansas city"]),
    city("Kansas City", "KS", 39.1141, -94.6275, &["kansas city"]),
    city("Atlanta", "GA", 33.749, -84.388, &["atlanta"]),
    city("Omaha", "NE", 41.2565, -95.9345, &["omaha"]),
    city("Colorado Springs", "CO", 38.8339, -104.8214, &["colorado springs"]),
    city("Raleigh", "NC", 35.7796, -78.6382, &["raleigh"]),
    city("Miami", "FL", 25.7617, -80.1918, &["miami"]),
    city("Minneapolis", "MN", 44.9778, -93.265, &["minneapolis"]),
    city("Tulsa", "OK", 36.154, -95.9928, &["tulsa"]),
    city("Tampa", "FL", 27.9506, -82.4572, &["tampa"]),
    city("New Orleans", "LA", 29.9511, -90.0715, &["new orleans"]),
    city("Cleveland", "OH", 41.4993, -81.6944, &["cleveland"]),
    city("Honolulu", "HI", 21.3069, -157.8583, &["honolulu"]),
    city("Anchorage", "AK", 61.2181, -149.9003, &["anchorage"]),
    city("Pittsburgh", "PA", 40.4406, -79.9959, &["pittsburgh"]),
    city("Cincinnati", "OH", 39.1031, -84.512, &["cincinnati"]),
    city("St. Louis", "MO", 38.627, -90.1994, &["st louis", "saint louis"]),
    city("Orlando", "FL", 28.5383, -81.3792, &["orlando"]),
    city("Salt Lake City", "UT", 40.7608, -111.891, &["salt lake city"]),
    city("Boise", "ID", 43.615, -116.2023, &["boise"]),
    city("Richmond", "VA", 37.5407, -77.436, &["richmond"]),
    city("Buffalo", "NY", 42.8864, -78.8784, &["buffalo"]),
    city("Rochester", "NY", 43.1566, -77.6088, &["rochester"]),
    city("Spokane", "WA", 47.6588, -117.426, &["spokane"]),
    city("Tacoma", "WA", 47.2529, -122.4443, &["tacoma"]),
    city("Redmond", "WA", 47.674, -122.1215, &["redmond"]),
    city("Bellevue", "WA", 47.6101, -122.2015, &["bellevue"]),
    city("Des Moines", "IA", 41.5868, -93.625, &["des moines"]),
    city("Birmingham", "AL", 33.5186, -86.8104, &["birmingham"]),
    city("Charleston", "SC", 32.7765, -79.9311, &["charleston"]),
    city("Charleston", "WV", 38.3498, -81.6326, &["charleston"]),
    city("Providence", "RI", 41.824, -71.4128, &["providence"]),
    city("Hartford", "CT", 41.7658, -72.6734, &["hartford"]),
    city("Burlington", "VT", 44.4759, -73.2121, &["burlington"]),
    city("Springfield", "IL", 39.7817, -89.6501, &["springfield"]),
    city("Springfield", "MO", 37.209, -93.2923, &["springfield"]),
    city("Springfield", "MA", 42.1015, -72.5898, &["springfield"]),
    city("Little Rock", "AR", 34.7465, -92.2896, &["little rock"]),
    city("Jackson", "MS", 32.2988, -90.1848, &["jackson"]),
    city("Cheyenne", "WY", 41.14, -104.8202, &["cheyenne"]),
    city("Billings", "MT", 45.7833, -108.5007, &["billings"]),
    city("Fargo", "ND", 46.8772, -96.7898, &["fargo"]),
    city("Sioux Falls", "SD", 43.5446, -96.7311, &["sioux falls"]),
    city("Manchester", "NH", 42.9956, -71.4548, &["manchester"]),
    city("Newark", "NJ", 40.7357, -74.1724, &["newark"]),
    city("Wilmington", "DE", 39.7391, -75.5398, &["wilmington"]),
    city("San Juan", "PR", 18.4655, -66.1057, &["san juan"]),
];

/// The states, with the district and the commonwealth that the weather service counts among them.
const STATES: &[State] = &[
    state("AL", "Alabama", "alabama"),
    state("AK", "Alaska", "alaska"),
    state("AZ", "Arizona", "arizona"),
    state("AR", "Arkansas", "arkansas"),
    state("CA", "California", "california"),
    state("CO", "Colorado", "colorado"),
    state("CT", "Connecticut", "connecticut"),
    state("DE", "Delaware", "delaware"),
    state("DC", "District of Columbia", "district of columbia"),
    state("FL", "Florida", "florida"),
    state("GA", "Georgia", "georgia"),
    state("HI", "Hawaii", "hawaii"),
    state("ID", "Idaho", "idaho"),
    state("IL", "Illinois", "illinois"),
    state("IN", "Indiana", "indiana"),
    state("IA", "Iowa", "iowa"),
    state("KS", "Kansas", "kansas"),
    state("KY", "Kentucky", "kentucky"),
    state("LA", "Louisiana", "louisiana"),
    state("ME", "Maine", "maine"),
    state("MD", "Maryland", "maryland"),
    state("MA", "Massachusetts", "massachusetts"),
    state("MI", "Michigan", "michigan"),
    state("MN", "Minnesota", "minnesota"),
    state("MS", "Mississippi", "mississippi"),
    state("MO", "Missouri", "missouri"),
    state("MT", "Montana", "montana"),
    state("NE", "Nebraska", "nebraska"),
    state("NV", "Nevada", "nevada"),
    state("NH", "New Hampshire", "new hampshire"),
    state("NJ", "New Jersey", "new jersey"),
    state("NM", "New Mexico", "new mexico"),
    state("NY", "New York", "new york"),
    state("NC", "North Carolina", "north carolina"),
    state("ND", "North Dakota", "north dakota"),
    state("OH", "Ohio", "ohio"),
    state("OK", "Oklahoma", "oklahoma"),
    state("OR", "Oregon", "oregon"),
    state("PA", "Pennsylvania", "pennsylvania"),
    state("PR", "Puerto Rico", "puerto rico"),
    state("RI", "Rhode Island", "rhode island"),
    state("SC", "South Carolina", "south carolina"),
    state("SD", "South Dakota", "south dakota"),
    state("TN", "Tennessee", "tennessee"),
    state("TX", "Texas", "texas"),
    state("UT", "Utah", "utah"),
    state("VT", "Vermont", "vermont"),
    state("VA", "Virginia", "virginia"),
    state("WA", "Washington", "washington"),
    state("WV", "West Virginia", "west virginia"),
    state("WI", "Wisconsin", "wisconsin"),
    state("WY", "Wyoming", "wyoming"),
];
#[cfg(test)]
mod tests {
    use super::super::words::tokens;
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let describe = |mention: Mention| match mention.thing {
            Thing::Company(company) => company.ticker.to_owned(),
            Thing::City(city) => format!("{}, {}", city.name, city.state),
            Thing::State(state) => state.code.to_owned(),
        };
        mentions(&tokens(text)).into_iter().map(describe).collect()
    }

    #[test]
    fn names_are_found_in_every_spelling() {
        let table: &[(&str, &[&str])] = &[
            ("tesla", &["TSLA"]),
            ("Tesla's price and MSFT, also nvda", &["TSLA", "MSFT", "NVDA"]),
            ("Coca-Cola, AT&T and McDonald's", &["KO", "T", "MCD"]),
            ("St. Louis or Washington, D.C.", &["St. Louis, MO", "Washington, DC"]),
            ("Portland, Maine and Portland, ME and Portland", &["Portland, ME", "Portland, ME", "Portland, OR"]),
            ("Kansas City", &["Kansas City, MO"]),
            ("Kansas City, Kansas", &["Kansas City, KS"]),
            ("Seattle, WA", &["Seattle, WA"]),
            ("New York", &["NY", "New York, NY"]),
            ("TX and north carolina", &["TX", "NC"]),
            ("Texas Instruments", &["TXN"]),
            ("or in me hi ok", &[]),
            ("the cost of a shop", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(named(text), *expected, "{text}");
        }
    }

    #[test]
    fn the_tables_are_sound() {
        for city in CITIES {
            assert!(state_of(city.state).is_some(), "{}", city.name);
            assert!(
                (17.0..72.0).contains(&city.latitude) && (-160.0..-65.0).contains(&city.longitude),
                "{}",
                city.name
            );
        }
        let spoken =
            COMPANIES.iter().flat_map(|company| company.spoken).chain(CITIES.iter().flat_map(|city| city.spoken));
        for name in spoken.copied().chain(STATES.iter().map(|state| state.spoken)) {
            let read: Vec<String> = tokens(name).into_iter().map(|token| token.lower).collect();
            assert_eq!(read.join(" "), name, "the name is not as a text would be read");
        }
        assert_eq!(STATES.len(), 52);
    }
}
