//! Symptom → problem: the message catalogue as one pure function.
