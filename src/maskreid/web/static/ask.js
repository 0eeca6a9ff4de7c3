// The API, and what it says when it cannot answer.

const told = document.getElementById("told");
let clearing;

export async function ask(address, options = {}) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Error("the server does not answer; is maskreid serve still running?");
  }
  let detail = `the server answered ${response.status}`;
  try {
    if (response.ok) return response.status === 204 ? null : await response.json();
    detail = (await response.json()).detail ?? detail;
  } catch { /* no JSON, such as a proxy's page: the status must do */ }
  throw new Error(detail);
}

// Says something on the page that comes next: this one is about to be loaded again.
export function tellNext(text) {
  sessionStorage.setItem("maskreid-told", text);
}

export function tellKept() {
  const kept = sessionStorage.getItem("maskreid-told");
  sessionStorage.removeItem("maskreid-told");
  if (kept) tell(kept);
}

export function tell(text) {
  told.textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => { told.textContent = ""; }, 8000);
}
