//! The routes of a chat service: requests of pages, and their replies.

mod reply;
mod routes;

pub(crate) use reply::WebReply;
