//! entralab: a local Microsoft Entra ID, the connector of Copilot Studio, an Easy-Auth-like gate and the MCP server
//! behind it, all on real sockets of this machine and nowhere else.
//!
//! # A lab in a test
//!
//! A [`Lab`] is the four parties of one [`World`], on free loopback ports. Labs share nothing, so that any number of them can
//! live in one process; a lab stops when it is dropped.
//!
//! ```
//! use entralab::{Check, Connection, Lab, World, deciding_refusal};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lab = Lab::start(World::bundled("article")?).await?;
//!
//! // The scripted browser signs Megan in on the identity provider's own pages; the connector redeems the code.
//! let connected = lab.connect("megan").await;
//! assert_eq!(connected.connection, Connection::Connected);
//! assert!(lab.connector.access_token("megan").is_some());
//! let asked = lab.connector.ask("megan", "Give me the stock price of tesla").await;
//! assert_eq!(asked.tool.as_deref(), Some("get_stockprice"));
//!
//! // An hour later the token has ended, and the connector renews it.
//! lab.clock.advance("70m".parse()?)?;
//! assert!(lab.connector.ask("megan", "Give me the stock price of tesla").await.refreshed);
//!
//! // Every message between the parties is in the trace, with every check that was made on it.
//! assert!(lab.trace.after(0).iter().any(|exchange| exchange.path() == "/mcp" && exchange.status == Some(200)));
//! assert!(deciding_refusal(&lab.trace.after(0)).is_none());
//!
//! // A world can also be written as a scenario file has it: here the gate does not know the audience.
//! let world = World::from_text(
//!     "scenario: 1
//! title: The gate does not know the audience
//! world:
//!   base: article
//!   change: { gate: { allowed_audiences: [] } }",
//! )?;
//! let lab = Lab::start(world).await?;
//! lab.connect("megan").await;
//! let tools = lab.connector.list_tools("megan").await;
//! assert_eq!(tools.status, Some(401));
//! assert_eq!(deciding_refusal(&lab.trace.after(0)).map(|refusal| refusal.check), Some(Check::AudienceAllowed));
//! # Ok(())
//! # }
//! ```
//!
//! # Your own server
//!
//! `Lab::start` speaks in the cloud's names, which only the lab's own clients can resolve. A program of yours needs names
//! of this machine. Here one stands behind the gate, and sees what Container Apps would tell it:
//!
//! ```
//! use axum::{Router, http::HeaderMap, routing::get};
//! use entralab::{Lab, World};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let who = |headers: HeaderMap| async move {
//!     headers.get("x-ms-client-principal-name").and_then(|name| name.to_str().ok()).unwrap_or("nobody").to_owned()
//! };
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! tokio::spawn(async move { axum::serve(listener, Router::new().route("/who", get(who))).await });
//!
//! let lab = Lab::builder(World::bundled("article")?).on_localhost().upstream(address).start().await?;
//! lab.connect("megan").await;
//! let token = lab.connector.access_token("megan").ok_or("no token")?;
//!
//! # rustls::crypto::ring::default_provider().install_default().map_err(|_| "a provider is there")?;
//! // Any HTTP client that trusts the lab's certificate authority can follow its URLs.
//! let ca = reqwest::Certificate::from_pem(lab.ca_pem().as_bytes())?;
//! let client = reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build()?;
//! let url = format!("{}/who", lab.world().gate.url);
//! assert_eq!(client.get(&url).send().await?.status(), 401);
//! assert_eq!(client.get(&url).bearer_auth(token).send().await?.text().await?, "megan@contoso.com");
//!
//! // A server that validates tokens itself finds the keys by the issuer's discovery document.
//! assert!(lab.world().gate.issuer.starts_with(&lab.idp_url()));
//! # Ok(())
//! # }
//! ```
//!
//! # The modules
//!
//! - [`lab`]: the parties of one setup, on one clock and one name map.
//! - [`play`]: playing a scenario on labs and proving what it says.
//! - [`recording`]: a live session as a scenario file.
//! - [`explain`]: what codes and checks mean.
//! - [`predict`]: what a setup will do, told without starting anything.
//! - [`doctor`]: whether this machine is fit for a lab.
//! - [`report`]: what a person reads.
//! - [`commands`]: the command line.

pub mod commands;
pub mod doctor;
pub mod explain;
pub mod lab;
pub mod play;
pub mod predict;
pub mod recording;
pub mod report;

pub use lab::Lab;
pub use lab::embedded::LabBuilder;
pub use mock_client::{Browser, ConnectOutcome, Connection, ConsentAnswer};
pub use scenarios::World;
pub use wire::exchange::deciding_refusal;
pub use wire::{Check, Exchange, Outcome, Party};
