// What the scripts of a page say to Streamlit, which takes what two parts of it say at once for that of one: all wait in
// one line. And what one says while its reader goes to another view would be all that is done of that, which stays empty
// then: who is there when a link is clicked says nothing until it is gone, or turns out to stay; and a click that comes
// right after something was said is done a moment later.
const LINKS = "a[data-testid*=NavLink]";
const LEAVING = 3000; // milliseconds from the click on such a link
const SENT = 100; // from what was said, until that is surely on its way
const LOOK = 50;

const line = (globalThis.graphgrowLine ??= begin());

function begin() {
  const made = { turn: Promise.resolve(), left: -Infinity, said: -Infinity };
  addEventListener("click", (event) => {
    const link = event.target.closest?.(LINKS);
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    made.left = performance.now();
    if (made.left - made.said > SENT) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    setTimeout(() => link.click(), SENT);
  }, true);
  return made;
}

// Whether the view that a link leads to is still being made, so many milliseconds after the click.
function isUnderWay(time) {
  const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
  return time < 2 * SENT || (time < LEAVING && state !== "notRunning");
}

const pause = (time) => new Promise((done) => setTimeout(done, time));

// Says it in its turn, `apart` milliseconds before the next, if the part that wants to, there `since`, still is then.
export function inTurn(say, apart, since, isThere) {
  line.turn = line.turn.then(async () => {
    while (isThere() && since < line.left && isUnderWay(performance.now() - line.left)) await pause(LOOK);
    if (!isThere()) return;
    line.said = performance.now();
    say();
    await pause(apart);
  }).catch((error) => console.error(error));
}
