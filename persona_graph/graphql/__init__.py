"""The GraphQL surface: types, queries, mutations, subscriptions and their transports."""
