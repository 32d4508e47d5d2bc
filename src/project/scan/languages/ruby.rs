//! Ruby: what Active Record and the pg gem ask of a session.

use crate::domain::project::{Feature, Library};

use super::{Code, Read};

pub fn read(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    for at in source.find("wait_for_notify").take(1) {
        read.sighted.push(code.feature(Feature::Listen, at, "LISTEN is used here.").into());
    }
    for at in source.find("with_advisory_lock") {
        let what = "An advisory lock of the session is taken here.";
        read.sighted.push(code.feature(Feature::AdvisoryLock, at, what).into());
    }
    for at in source.find_all(&["PG", ".", "connect"]) {
        read.clients.push((Library::RubyPg, code.seen("PG.connect", at)));
    }
}
