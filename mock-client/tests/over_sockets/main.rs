//! The connector and the browser over real sockets, against small parties that each test scripts.

mod ask;
mod callback;
mod sign_in;
mod support;
mod test_console;
mod tokens;
