"""How risky a customer is, why, until when that holds, and who stands behind a company."""
