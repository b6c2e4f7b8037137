//! entralab
