//! One operation of the control API: who serves it, and what its document says of it.

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::Lab;

/// The schema of a type, made when the document is.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// The schema of `T`.
pub(super) fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The methods that the API has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Verb {
    Get,
    Put,
    Patch,
    Post,
    Delete,
}

impl Verb {
    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Post => MethodFilter::POST,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// An answer other than those that any operation can have.
pub(super) struct Answer {
    pub status: u16,
    pub description: &'static str,
    pub media_type: &'static str,
    /// None for an answer without a body.
    pub shape: Option<Shape>,
}

/// One operation.
pub(super) struct Operation {
    pub verb: Verb,
    /// The path, with `{name}` for its parameters.
    pub path: String,
    /// `operationId`.
    pub id: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// The parameters of the query, as a struct whose members they are.
    pub query: Option<Shape>,
    pub body: Option<Shape>,
    pub answers: Vec<Answer>,
    pub serve: MethodRouter<Lab>,
}

impl Operation {
    /// An operation that answers 200 with a `T`.
    pub(super) fn new<T: JsonSchema, H, M>(
        verb: Verb,
        path: impl Into<String>,
        id: impl Into<String>,
        summary: impl Into<String>,
        handler: H,
    ) -> Self
    where
        H: Handler<M, Lab>,
        M: 'static,
    {
        let done =
            Answer { status: 200, description: "Done.", media_type: "application/json", shape: Some(shape::<T>) };
        Self {
            verb,
            path: path.into(),
            id: id.into(),
            summary: summary.into(),
            query: None,
            body: None,
            answers: vec![done],
            serve: on(verb.filter(), handler),
        }
    }

    /// With parameters in the query.
    pub(super) fn query<T: JsonSchema>(self) -> Self {
        Self { query: Some(shape::<T>), ..self }
    }

    /// With a body.
    pub(super) fn body<T: JsonSchema>(self) -> Self {
        Self { body: Some(shape::<T>), ..self }
    }

    /// Where what is asked for can be missing, or stand in the way.
    pub(super) fn refused(mut self, status: u16, description: &'static str) -> Self {
        let shape = Some(shape::<super::refusal::Refused> as Shape);
        self.answers.push(Answer { status, description, media_type: "application/json", shape });
        self
    }

    /// With a stream of events in the place of a document.
    pub(super) fn streams(mut self) -> Self {
        for answer in self.answers.iter_mut().filter(|answer| answer.status == 200) {
            answer.media_type = "text/event-stream";
        }
        self
    }
}
