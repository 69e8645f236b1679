package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"utkik/internal/account"
	"utkik/internal/web/browsertest"
)

// journey is somebody at the pages: each step waits for what it asks for.
type journey struct {
	t   *testing.T
	tab *browsertest.Tab
}

func (j journey) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	j.t.Helper()
	if err := chromedp.Do(j.tab.Context, steps...); err != nil {
		j.t.Fatalf("%s: %v", what, err)
	}
}

// until waits until an expression in the page holds, over pages that come and go.
func (j journey) until(what, expression string) {
	j.t.Helper()
	var err error
	for range 15 {
		if _, err = chromedp.Run(j.tab.Context, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(2*time.Second))); err == nil {
			return
		}
	}
	j.t.Fatalf("%s: %s never holds: %v; the page shows: %.2000s", what, expression, err, j.text("document.body.innerText"))
}

func (j journey) text(expression string) string {
	j.t.Helper()
	v, err := chromedp.Run(j.tab.Context, chromedp.Evaluate[string](expression))
	if err != nil {
		j.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (j journey) press(keys string) {
	j.t.Helper()
	j.do("pressing keys", chromedp.KeyEvent(keys))
}

// enter presses Enter as a keyboard does, in one: a page that keeps the key to itself keeps the letter too, which the
// driver would else send by itself.
func (j journey) enter() {
	j.t.Helper()
	j.do("pressing Enter", chromedp.KeyEvent(kb.Enter, func(k *input.DispatchKeyEventParams) {
		switch k.Type {
		case kb.KeyDown:
			k.Text, k.UnmodifiedText = "\r", "\r"
		case kb.KeyChar:
			k.Type, k.Text, k.UnmodifiedText = kb.KeyUp, "", ""
		}
	}))
}

// back goes to the page before; one that the browser kept as it stood tells no driver that it is loaded.
func (j journey) back() {
	j.t.Helper()
	j.text(`setTimeout(() => history.back()), ""`)
}

// How the list of suggestions stands.
const (
	listOpen   = `document.querySelector("#q").getAttribute("aria-expanded") == "true" && !document.querySelector("#suggestions").hidden`
	listClosed = `document.querySelector("#q").getAttribute("aria-expanded") == "false" && document.querySelector("#suggestions").hidden`
	activeText = `document.getElementById(document.querySelector("#q").getAttribute("aria-activedescendant"))?.innerText ?? ""`
)

// TestSuggestionsInBrowser uses the box with the keyboard alone.
func TestSuggestionsInBrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.Needs(t, "the suggestions")
	server := httptest.NewServer(site(t))
	t.Cleanup(server.Close)
	for _, scheme := range browsertest.Schemes() {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			j := journey{t, browser.Open(t, scheme)}
			j.do("the page", chromedp.EmulateViewport(1280, 800), chromedp.Navigate(server.URL+"/?q=&x=y&kind=call"))
			j.until("the window's address is the search's own", `location.search == "?kind=call&q="`)
			j.do("the box", chromedp.Focus("#q"))
			j.press("railw")
			j.until("the list opens", listOpen)
			j.tab.Look(t, browsertest.Page{Name: "suggestions", Widths: []int64{320, 1280}})
			if got := j.text(`document.querySelector(".ask ~ [role=status], form > [role=status]").textContent`); !strings.HasSuffix(got, "förslag") {
				t.Errorf("what is read aloud: %q", got)
			}
			j.press(kb.ArrowDown)
			if got := j.text(activeText); !strings.HasPrefix(got, "railway") || !strings.Contains(got, "Ord") {
				t.Errorf("the first suggestion: %q", got)
			}
			j.press(kb.ArrowUp)
			if got := j.text(activeText); got != "" {
				t.Errorf("the arrow up does not lead back to the box, but to %q", got)
			}
			j.press(kb.ArrowUp)
			if got := j.text(activeText); !strings.Contains(got, "Utlysning eller samråd") {
				t.Errorf("the last suggestion: %q", got)
			}
			j.press(kb.Escape)
			j.until("Escape closes the list", listClosed)
			if got := j.text(`document.querySelector("#q").value`); got != "railw" {
				t.Errorf("Escape made %q of what was typed", got)
			}
			j.press(kb.ArrowDown)
			j.until("the arrow opens it again", listOpen)
			j.press(kb.ArrowDown)
			j.enter()
			j.until("a word is searched for, with the filters", `location.search == "?kind=call&q=railway" && document.querySelector("#q").value == "railway"`)

			j.do("the box", chromedp.Focus("#q"))
			j.press(kb.End + " li")
			j.until("the list opens for two words", listOpen+` && document.querySelector("#suggestions").innerText.includes("railway links")`)
			j.press(kb.ArrowUp)
			if got := j.text(activeText); !strings.HasPrefix(got, "Railway links to the north") {
				t.Errorf("the title in the list: %q of %q", got, j.text(`document.querySelector("#suggestions").innerText`))
			}
			j.enter()
			j.until("a title leads to its call", `location.pathname == "/call/ft-portal/RAIL-1"`)

			j.back()
			j.until("back at the search", `location.pathname == "/" && !!document.querySelector("#q")`)
			j.do("the box", chromedp.Focus("#q"))
			j.press(kb.End + "x")
			j.enter()
			j.until("Enter without a choice searches for what is typed", `location.search.includes("q=railwayx") || location.search.includes("q=railway+lix")`)
		})
	}
}

// TestBoxWithoutScript: before the script has come, or where none runs, the box claims nothing that it does not do.
func TestBoxWithoutScript(t *testing.T) {
	t.Parallel()
	box := document(t, get(t, site(t), "/").Body.String()).Find("#q")
	for _, attr := range []string{"role", "aria-expanded", "aria-controls", "aria-autocomplete", "list"} {
		if v, ok := box.Attr(attr); ok {
			t.Errorf("the box has %s=%q", attr, v)
		}
	}
}

// signedIn is the site for somebody whom a door has let in.
func signedIn(s http.Handler, who account.Actor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r.WithContext(account.With(r.Context(), who)))
	})
}

// on puts the focus on the first element that a selector finds, as the Tab key would, which TestTabKey makes sure of.
func (j journey) on(selector string) {
	j.t.Helper()
	j.do(selector, chromedp.Focus(selector))
}

// TestJourney is an editor's way through the search with the keyboard: search, narrow, take a filter away, open a call, go
// back, save, export.
func TestJourney(t *testing.T) {
	t.Parallel()
	browser := browsertest.Needs(t, "the way through the search")
	for n, scheme := range browsertest.Schemes() {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(signedIn(site(t), editor))
			t.Cleanup(server.Close)
			lang, width := languages[n%len(languages)], []int64{1280, 320}[n]
			j := journey{t, browser.Open(t, scheme)}
			j.do("the page", chromedp.EmulateViewport(width, 800), chromedp.Navigate(server.URL+in(lang, "/")))
			j.on("#q")
			j.press("rail")
			j.enter()
			j.until("the search", `location.search.includes("q=rail&status=forthcoming&status=open")`)

			if width < 800 { // filters are folded away
				j.on("#fold")
				j.press(" ")
			}
			j.on("details:has(input[name=kind]) > summary")
			j.press(" ")
			j.until("the filter unfolds", `document.querySelector("details:has(input[name=kind])").open`)
			j.on("input[name=kind][value=call]")
			j.press(" ")
			j.on(".choices button")
			j.enter()
			j.until("the search is narrowed", `location.search.includes("kind=call&") && [...document.querySelectorAll(".hits .facts")].every(f => !f.textContent.startsWith("Samråd"))`)
			count := j.text(`document.querySelector("[role=status]#found, #found [role=status]").textContent`)

			j.on(`.chips a[href*="kind=call"]:not([href*="status=open"])`)
			j.enter()
			j.until("a filter is taken away", `location.search.includes("kind=call") && !location.search.includes("status=open")`)
			if after := j.text(`document.querySelector("#found [role=status]").textContent`); after == count {
				t.Errorf("%s with and without the filter", after)
			}

			j.do("all statuses", chromedp.Navigate(server.URL+in(lang, query("kind", "call", "q", "rail"))))
			j.until("all statuses", `location.search.includes("kind=call") && !location.search.includes("status=")`)
			here := j.text(`location.search`)
			j.on(".hits h3 a")
			j.enter()
			j.until("a call", `location.pathname.startsWith("/call/") && !!document.querySelector("h1")`)
			j.back()
			j.until("back at the same search", fmt.Sprintf(`location.pathname == "/" && location.search == %q && document.querySelector("#q").value == "rail"`, here))

			j.on("a[href^='/save']")
			j.enter()
			j.until("the form", `location.pathname == "/save" && !!document.querySelector("#name")`)
			j.tab.Look(t, browsertest.Page{Name: "save " + lang, Widths: []int64{320, 768, 1280, 1920}})
			j.do("the window", chromedp.EmulateViewport(width, 800))
			j.on("#name")
			j.press(kb.End + " " + scheme)
			j.enter()
			j.until("it is saved, and the address is the search's own", fmt.Sprintf(`!!document.querySelector(".done") && location.search == %q`, here))
			j.tab.Look(t, browsertest.Page{Name: "saved " + lang, Widths: []int64{320, 768, 1280, 1920}})

			for _, form := range exportForms {
				kind := j.await(fmt.Sprintf(`fetch(document.querySelector("a[download][href*='.%s']").href).then(r => r.status + " " + r.headers.get("Content-Disposition"))`, form.ending))
				if !strings.HasPrefix(kind, `200 attachment; filename="utkik-2026-07-28-rail.`) {
					t.Errorf("%s: %s", form.ending, kind)
				}
			}
		})
	}
}

// await is what a promise in the page comes to.
func (j journey) await(expression string) string {
	j.t.Helper()
	v, err := chromedp.Run(j.tab.Context, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		j.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// TestTabKey: the Tab key comes to everything that can be done on the page, in the order in which it stands there, and what
// has the focus shows it.
func TestTabKey(t *testing.T) {
	t.Parallel()
	browser := browsertest.Needs(t, "the keyboard's way through the search page")
	server := httptest.NewServer(signedIn(site(t), editor))
	t.Cleanup(server.Close)
	j := journey{t, browser.Open(t, "light")}
	for _, width := range []int64{320, 1280} {
		j.do("the page", chromedp.EmulateViewport(width, 800), chromedp.Navigate(server.URL+query("q", "rail", "status", "open", "kind", "call")))
		var want, got []string
		all := j.text(`(() => {
			window.passed = [];
			document.addEventListener("focusin", e => {
				const style = getComputedStyle(e.target);
				window.passed.push(e.target.outerHTML.slice(0, 160) + (style.outlineStyle == "none" || parseFloat(style.outlineWidth) < 2 ? " UNSEEN" : ""));
			});
			return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
				.filter(e => e.checkVisibility({visibilityProperty: true}) && e.offsetParent !== null).map(e => e.outerHTML.slice(0, 160)).join("\u0000");
		})()`)
		want = strings.Split(all, "\x00")
		for range len(want) {
			j.press(kb.Tab)
		}
		got = strings.Split(j.text(`window.passed.join("\u0000")`), "\x00")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d px (-what can be done +where Tab came):\n%s", width, diff)
		}
		if len(want) < 20 {
			t.Errorf("%d px: %d things can be done", width, len(want))
		}
	}
}
