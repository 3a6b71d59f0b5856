//! An object that is written step by step: what each part of it does, and what can be chosen there.

use serde_json::Value;
use world::Said;

/// How an object of a kind is written step by step.
#[derive(Clone, Debug, PartialEq)]
pub struct Guide {
    /// JSON pointer of the list whose items are the parts.
    pub list: String,
    /// A part to begin with.
    pub fresh: Value,
    /// The parts that are there, in their order.
    pub parts: Vec<Part>,
}

/// One part.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its JSON pointer.
    pub pointer: String,
    /// What it does, in a sentence.
    pub says: Said,
    /// What is asked of it, step by step.
    pub stages: Vec<Stage>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// What the step is about.
    pub title: Said,
    /// Its fields.
    pub asks: Vec<Ask>,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Its JSON pointer.
    pub pointer: String,
    /// What it is called.
    pub title: Said,
    /// What it means, or what its present value does.
    pub help: Said,
    /// What goes wrong with what stands there, though nobody may refuse it; empty where nothing does.
    pub note: Said,
    /// What it takes.
    pub takes: Takes,
    /// Few need it.
    pub seldom: bool,
    /// What has to stand beside it: pointers, with the value where there is none yet.
    pub along: Vec<(String, Value)>,
}

/// What a field takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Takes {
    /// One of these.
    One(Vec<Offer>),
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// A value of any shape, as YAML.
    Yaml {
        /// What stands there now; empty where nothing does.
        text: String,
        /// A value to begin with.
        start: Value,
    },
}

/// A value to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// As it is written.
    pub value: String,
    /// What it means.
    pub means: Said,
    /// JSON pointers of what must not stand beside it.
    pub without: Vec<String>,
}
