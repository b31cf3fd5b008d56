"""HTTP only: routes, their models, who may ask, and how errors are answered."""
