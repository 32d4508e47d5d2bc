//! The hand-over document: what was set up, how to look after it, how to undo it. Markdown, no secret.
