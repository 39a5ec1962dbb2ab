use std::fmt;

use super::{DistinguishedName, MatchingRule, Rdn, canonical};

/// In what two names differ that do not match.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The same RDNs from the other end: one of the two stands in the order of the certificate, as
    /// OpenSSL prints it, and not in that of RFC 4514.
    Reversed,
    /// The same RDNs in another order.
    Order,
    /// An RDN has the same attribute types in both and another value.
    Value {
        /// The RDN of the first name.
        first: String,
        /// The RDN of the second.
        second: String,
        /// How the values are compared.
        rule: MatchingRule,
    },
    /// The first name has an RDN for which the second has none.
    OnlyFirst {
        /// The RDN.
        rdn: String,
    },
    /// The second name has an RDN for which the first has none.
    OnlySecond {
        /// The RDN.
        rdn: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reversed => f.write_str("the RDNs are the same, in reverse"),
            Self::Order => f.write_str("the RDNs are the same, in another order"),
            Self::Value {
                first,
                second,
                rule,
            } => {
                write!(f, "`{first}` is not `{second}`")?;
                match rule {
                    MatchingRule::Encoding => f.write_str(", which is compared byte by byte"),
                    MatchingRule::CaseExact => f.write_str(", where case counts"),
                    MatchingRule::CaseIgnore => Ok(()),
                }
            }
            Self::OnlyFirst { rdn } => write!(f, "only the first has `{rdn}`"),
            Self::OnlySecond { rdn } => write!(f, "only the second has `{rdn}`"),
        }
    }
}

/// In the order in which the first name is printed, and then what the second has more.
pub(super) fn between(first: &DistinguishedName, second: &DistinguishedName) -> Vec<Difference> {
    let (first, mut second) = (keyed(first), keyed(second));
    if keys(&first).eq(keys(&second)) {
        return Vec::new();
    }
    if keys(&first).eq(keys(&second).rev()) {
        return vec![Difference::Reversed];
    }
    let unmatched: Vec<_> = first
        .into_iter()
        .filter(|(key, _)| take(&mut second, |(other, _)| other == key).is_none())
        .collect();
    if unmatched.is_empty() && second.is_empty() {
        return vec![Difference::Order];
    }
    let mut differences: Vec<_> = unmatched
        .into_iter()
        .map(|(_, rdn)| pair(rdn, &mut second))
        .collect();
    let more = second.iter().map(|(_, rdn)| Difference::OnlySecond {
        rdn: rdn.to_string(),
    });
    differences.extend(more);
    differences
}

type Keyed<'a> = (String, Rdn<'a>);

/// The RDNs as they are printed, each with the text that all which match it share.
fn keyed(name: &DistinguishedName) -> Vec<Keyed<'_>> {
    let rdns = name.rdns().rev();
    rdns.map(|rdn| (canonical::rdn(rdn), rdn)).collect()
}

fn keys<'a>(rdns: &'a [Keyed<'_>]) -> impl DoubleEndedIterator<Item = &'a str> {
    rdns.iter().map(|(key, _)| key.as_str())
}

/// The difference between an RDN and the first that is left with the same attribute types.
fn pair(rdn: Rdn<'_>, others: &mut Vec<Keyed<'_>>) -> Difference {
    let first = rdn.to_string();
    match take(others, |(_, other)| types(*other) == types(rdn)) {
        None => Difference::OnlyFirst { rdn: first },
        Some((_, other)) => Difference::Value {
            first,
            second: other.to_string(),
            rule: strictest(rdn, other),
        },
    }
}

fn types(rdn: Rdn<'_>) -> Vec<&[u8]> {
    let mut types: Vec<_> = rdn
        .attributes()
        .map(|attribute| attribute.oid_content())
        .collect();
    types.sort_unstable();
    types
}

fn strictest(first: Rdn<'_>, second: Rdn<'_>) -> MatchingRule {
    let both = first.attributes().chain(second.attributes());
    both.map(|attribute| attribute.matching_rule())
        .max()
        .unwrap_or(MatchingRule::Encoding)
}

fn take<T>(items: &mut Vec<T>, wanted: impl Fn(&T) -> bool) -> Option<T> {
    let position = items.iter().position(wanted)?;
    Some(items.remove(position))
}
