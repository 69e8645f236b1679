package web

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

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
	for range 5 {
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
