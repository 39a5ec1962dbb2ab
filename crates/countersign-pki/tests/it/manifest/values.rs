//! What the values of a manifest may be: keys, subjects, constraints, PSD2 statements.

use countersign_pki::{Manifest, Plan};

use super::{CLIENT, ROOT, check, check_client, check_client_unseen, check_unseen};
use crate::now;
use crate::schema::{Schema, check_schema};

#[test]
fn kinds_of_keys_and_their_usages_are_words() {
    let kinds = "`p256`, `p384`, `p521`, `ed25519`, `rsa2048`, `rsa3072` and `rsa4096`";
    check_client(
        "cn = \"x\"\nkey = \"rsa1024\"\n",
        &format!(
            "line 8, column 7: certificate `x`: key `rsa1024` is not known; there are {kinds}"
        ),
    );
    check(
        "[settings]\nkey = \"P256\"\n",
        &format!("line 5, column 7: key `P256` is not known; there are {kinds}"),
    );
    check(
        "key = \"dsa\"\n",
        &format!("line 4, column 7: authority `root`: key `dsa` is not known; there are {kinds}"),
    );
    check_client(
        "cn = \"x\"\nku = [\"digitalSignature\", \"signing\"]\n",
        "line 8, column 27: certificate `x`: key usage `signing` is not known; there are `digitalSignature`, \
         `contentCommitment`, `keyEncipherment`, `dataEncipherment`, `keyAgreement`, `keyCertSign`, \
         `cRLSign`, `encipherOnly` and `decipherOnly`",
    );
    check_client(
        "cn = \"x\"\nku = [\"keyCertSign\"]\n",
        "line 8, column 7: certificate `x`: key usage `keyCertSign` is for authorities",
    );
    check(
        "ku = [\"cRLSign\"]\n",
        "line 4, column 6: authority `root`: an authority has `keyCertSign` in its key usage",
    );
}

#[test]
fn a_subject_is_made_of_known_attributes() {
    check_client(
        "subject = { cn = \"x\", country = \"GB\" }\n",
        "line 7, column 23: certificate `x`: attribute `country` is not known; there are `jurisdiction_c`, \
         `business_category`, `serial_number`, `c`, `st`, `l`, `o`, `ou`, `org_id` and `cn`",
    );
    for (attribute, text, reason) in [
        ("c", "GBR", "a country is two capital letters"),
        ("c", "gb", "a country is two capital letters"),
        ("st", " ", "it is empty"),
        ("o", "a\\u0000b", "it contains a control character"),
        (
            "serial_number",
            "1_2",
            "it is not made of the letters, digits and marks of a PrintableString",
        ),
    ] {
        let shown = text.replace("\\u0000", "\\0");
        let column = 26 + attribute.len();
        check_client(
            &format!("subject = {{ cn = \"x\", {attribute} = \"{text}\" }}\n"),
            &format!("line 7, column {column}: certificate `x`: `{shown}`: {reason}"),
        );
    }
    check_client_unseen(
        "cn = \"x\"\nsubject = { cn = \"x\" }\n",
        "line 7, column 6: certificate `x`: `cn` is in the subject already",
    );
    check_client(
        "subject = { o = \"Acme\" }\n",
        "line 4, column 14: certificate `x` has no name; give it `spiffe`, `dns`, `ip`, `uri`, `email` or `cn`",
    );
    check(
        "[authority.other]\nsubject = { o = \"Acme\" }\n",
        "line 5, column 11: authority `other` has no common name; give its subject a `cn`",
    );
    check(
        "[authority.other]\nsubject = 7\n",
        "line 5, column 11: invalid type: integer `7`, expected a common name or a table of attributes",
    );
    let text = format!("{ROOT}{CLIENT}subject = {{ org_id = \"NTRGB-12345678\" }}\n");
    check_schema(&text, Schema::Accepts);
    assert!(Manifest::parse(&text).is_ok());
}

#[test]
fn a_range_carries_the_number_in_a_subject_of_many_attributes() {
    let text = format!("{ROOT}{CLIENT}subject = {{ cn = \"x\", o = \"Acme\" }}\ncount = 2\n");
    check_schema(&text, Schema::Accepts);
    let plan = Plan::new(&Manifest::parse(&text).unwrap(), now()).to_string();
    assert!(plan.contains(" subject=\"cn=x-0002, o=Acme\" "), "{plan}");
}

#[test]
fn constraints_are_trees_of_names() {
    for (kind, tree, reason) in [
        (
            "dns",
            "*.example.com",
            "write a DNS name, without a dot or `*` first: it and all below it are meant",
        ),
        (
            "dns",
            ".example.com",
            "write a DNS name, without a dot or `*` first: it and all below it are meant",
        ),
        (
            "ip",
            "10.0.0.0",
            "write an address and how many bits of it count: `10.0.0.0/8`",
        ),
    ] {
        let column = 16 + kind.len();
        check(
            &format!("permit = {{ {kind} = [\"{tree}\"] }}\n"),
            &format!("line 4, column {column}: authority `root`: `{tree}`: {reason}"),
        );
    }
    check_unseen(
        "exclude = { ip = [\"10.0.0.0/33\"] }\n",
        "line 4, column 19: authority `root`: `10.0.0.0/33`: write an address and how many bits of it count: `10.0.0.0/8`",
    );
    check_unseen(
        "exclude = { email = [\"a b\"] }\n",
        "line 4, column 22: authority `root`: `a b`: write a mailbox, a host, or with a dot first all hosts below it",
    );
    check(
        "permit = { spiffe = [\"example.com\"] }\n",
        "line 4, column 12: unknown field `spiffe`, expected one of `dns`, `ip`, `uri`, `email`",
    );
}

#[test]
fn what_is_published_is_found_over_http() {
    for url in [
        "https://pki.example.com/a.crl",
        "pki.example.com",
        "http://",
    ] {
        check(
            &format!("crl = {{ url = \"{url}\" }}\n"),
            &format!(
                "line 4, column 15: authority `root`: `{url}`: an authority publishes under `http://` and a host"
            ),
        );
    }
    check(
        "ocsp = { url = \"http://a b\" }\n",
        "line 4, column 16: authority `root`: `http://a b`: a URI holds printable ASCII characters only",
    );
    check(
        "crl = { next_update = \"0d\" }\n",
        "line 4, column 23: authority `root`: lifetime `0d`: a lifetime of nothing",
    );
}

#[test]
fn revocations_have_a_reason_and_a_moment() {
    check_client(
        "cn = \"x\"\nrevoked = { reason = \"boredom\" }\n",
        "line 8, column 22: certificate `x`: reason `boredom` is not known; there are `unspecified`, `keyCompromise`, \
         `cACompromise`, `affiliationChanged`, `superseded`, `cessationOfOperation`, \
         `certificateHold`, `privilegeWithdrawn` and `aACompromise`",
    );
    check_client(
        "cn = \"x\"\nrevoked = { at = \"yesterday\" }\n",
        "line 8, column 18: certificate `x`: moment `yesterday`: write a time such as `2030-01-01T00:00:00Z`, or one \
         before or after now: `-1h`, `+30d`",
    );
    check_unseen(
        "revoked = {}\n",
        "line 2, column 12: `root` is a root, which nobody can revoke",
    );
}

const QWAC: &str =
    "[certificate.x]\nprofile = \"qwac\"\nissuer = \"root\"\ndns = [\"a.example\"]\n";

#[test]
fn psd2_statements_are_whole_and_agree_with_the_subject() {
    let lacks = |lines: &str, reason: &str, column: usize| {
        let line = if column == 14 { 4 } else { 8 };
        check_unseen(
            &format!("{QWAC}{lines}"),
            &format!(
                "line {line}, column {column}: certificate `x` cannot state what PSD2 wants: {reason}"
            ),
        );
    };
    lacks(
        "",
        "it needs `nca`, an authority and its name: `[\"GB-FCA\", \"Financial Conduct Authority\"]`",
        14,
    );
    let psd2 = "psd2 = { nca = [\"GB-FCA\", \"FCA\"]";
    lacks(
        &format!("{psd2} }}\n"),
        "it needs `roles`, at least one (ETSI TS 119 495, GEN-5.2.2-1)",
        8,
    );
    let psd2 = format!("{psd2}, roles = [\"PSP_AI\"] }}\n");
    lacks(&psd2, "it needs a subject with `org_id`", 8);
    for number in ["PSDDE-BAFIN-1", "PSDGB-FCA-", "GB-FCA-1"] {
        lacks(
            &format!("{psd2}subject = {{ org_id = \"{number}\" }}\n"),
            &format!("`org_id` is `{number}`, and should be `PSDGB-FCA-` and a number"),
            8,
        );
    }
    let seal = format!("{psd2}subject = {{ org_id = \"x\" }}\n")
        .replace("psd2 = {", "psd2 = { type = \"esign\",");
    check(
        &format!("{QWAC}{seal}"),
        "line 8, column 17: certificate `x`: type `esign` is not known; there are `web` and `eseal`",
    );
    check(
        &format!("{QWAC}{}", psd2.replace("PSP_AI", "AISP")),
        "line 8, column 44: certificate `x`: role `AISP` is not known; there are `PSP_AS`, `PSP_PI`, `PSP_AI` and `PSP_IC`",
    );
    check_unseen(
        &format!("{QWAC}{}", psd2.replace("GB-FCA", "fca")),
        "line 8, column 17: certificate `x`: `fca`: an authority is two capital letters, a hyphen, and two to eight \
         more: `GB-FCA`",
    );
    check(
        &format!("{QWAC}{}", psd2.replace(", \"FCA\"]", "]")),
        "line 8, column 16: certificate `x`: `nca` is two texts: `[\"GB-FCA\", \"Financial Conduct Authority\"]`",
    );
    check(
        &format!(
            "{QWAC}{}",
            psd2.replace("psd2 = {", "psd2 = { pds = { en = \"http://a\" },")
        ),
        "line 8, column 23: certificate `x`: `http://a`: a disclosure statement is at `https://`",
    );
    check(
        &format!("{QWAC}{}", psd2.replace("psd2 = {", "psd2 = { rolls = 1,")),
        "line 8, column 10: unknown field `rolls`, expected one of `type`, `nca`, `roles`, `compliance`, `pds`",
    );
    check_unseen(
        &format!("{CLIENT}cn = \"x\"\n{psd2}"),
        "line 8, column 8: certificate `x` cannot state what PSD2 wants: it needs `type`: `web` or `eseal`",
    );
}
