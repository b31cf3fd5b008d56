// Before the first paint, so that no page flashes in the other scheme. The choice is made in theme.js.
try {
  const choice = localStorage.getItem("neuroevo-theme");
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
} catch {
  // A browser that keeps nothing follows the system.
}
