DROP TABLE wallet_movements, wallets, users;
