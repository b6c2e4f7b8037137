//! The command and the lab from outside, as a user and as an attacker meet them. Rows of the attack checklist are named.

#[path = "../support/lab_process.rs"]
mod lab_process;

mod clock;
mod command_line;
mod connect;
mod control;
mod control_acts;
mod doctor;
mod env;
mod exec;
mod explain;
mod faults;
mod flow;
mod guides;
mod hostile_text;
mod interruption;
mod labs;
mod lone;
mod parity;
mod predict;
mod proxy;
mod record;
mod reports;
mod safety;
mod small_commands;
mod token;
mod up;
