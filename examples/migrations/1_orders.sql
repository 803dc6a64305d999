CREATE TABLE orders (
    number BIGINT PRIMARY KEY,
    customer VARCHAR(255) NOT NULL,
    item VARCHAR(255) NOT NULL
);
