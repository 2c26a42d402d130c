// Set before anything is drawn, so that the page does not flash.
{
  const kept = localStorage.getItem("penchant.theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
}
