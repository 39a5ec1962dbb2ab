//! The wire form of a [`Problem`].

use serde::{Deserialize, Serialize};

use crate::{Code, Problem, UnknownCode};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Document {
    #[serde(rename = "type")]
    type_uri: String,
    title: String,
    status: u16,
    detail: String,
    code: String,
    correlation_id: String,
}

impl From<Problem> for Document {
    fn from(problem: Problem) -> Self {
        let code = problem.code();
        Self {
            type_uri: code.type_uri().to_owned(),
            title: code.title().to_owned(),
            status: code.status(),
            detail: problem.detail().to_owned(),
            code: code.as_str().to_owned(),
            correlation_id: problem.correlation_id().to_owned(),
        }
    }
}

impl TryFrom<Document> for Problem {
    type Error = UnknownCode;

    fn try_from(document: Document) -> Result<Self, Self::Error> {
        let code: Code = document.code.parse()?;
        Ok(Self::new(code, document.detail, document.correlation_id))
    }
}
