//! Claims about other programs: what `countersign dev` prints works as pasted, and without the
//! certificate it does not.
//!
//! A test whose tool is missing says so and passes; with `COUNTERSIGN_INTEROP=require`, as in CI, it
//! fails. `COUNTERSIGN_PYTHON` names an interpreter that has `requests`.

mod curl;
mod openssl;
mod python;
mod support;
