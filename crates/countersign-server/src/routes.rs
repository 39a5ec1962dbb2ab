pub(crate) mod document;
pub(crate) mod transactions;
pub(crate) mod whoami;
