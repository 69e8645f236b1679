package app

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/web/browsertest"
)

// TestSignInInBrowser signs in by a link in a real browser, looks at every page on the way, and signs out: cookies,
// the guard and what the pages allow forms to do let it through. In English it is an organisation's that stands under a path.
func TestSignInInBrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.Needs(t, "the pages for signing in")
	for _, scheme := range browsertest.Schemes() {
		for _, lang := range []string{"sv", "en"} {
			if scheme == "dark" && lang == "en" { // colours and words have nothing to do with each other
				continue
			}
			t.Run(scheme+" "+lang, func(t *testing.T) {
				t.Parallel()
				signInWith(t, browser.Open(t, scheme), lang)
			})
		}
	}
}

func signInWith(t *testing.T, tab *browsertest.Tab, lang string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	home := "http://" + server.Listener.Addr().String()
	const address = "anna.med.ett.mycket.langt.namn@forvaltningen.example.org"
	a, h, _ := installed(t, fmt.Sprintf(`
web: {base_url: %q, reading: signin}
mail: {host: mail.example.org, from: utkik@example.org}
signin:
  oidc: {issuer: "http://127.0.0.1:1", client_id: utkik, label: Region Exempel, everyone: reader}
  mail: {allow: [{address: %q, role: admin}]}
plans:
  - {id: berg, plan: rvn-2020, base_url: /o/berg, signin: editor, oidc: {issuer: "http://127.0.0.1:1", client_id: utkik, label: Bergs kommun, everyone: reader}}`, home, address))
	ctx := t.Context()
	mailed := make(chan struct{}, 1)
	running, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	t.Cleanup(func() { stop(); done.Wait() })
	open := func(a *App) (http.Handler, error) {
		pages, err := a.newPages(ctx)
		if err != nil {
			return nil, err
		}
		handler, _, d, err := a.handler(pages, &watcher{health: h}, func(context.Context) { mailed <- struct{}{} })
		if err == nil {
			done.Go(func() { d.Run(running) })
		}
		return handler, err
	}
	own, err := open(a)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = a.housed(own, open)
	server.Start()
	t.Cleanup(server.Close)
	root := ""
	if lang == "en" {
		if a, err = a.Organisation("berg"); err != nil {
			t.Fatal(err)
		}
		err := a.SaveRecipient(ctx, subscription.Recipient{ID: "anna", Address: address, Name: "Anna", Language: "en", Zone: "Europe/Stockholm", Rhythm: subscription.Daily,
			Follows: []subscription.Subscription{{Priorities: a.Plan.PriorityIDs()[:1]}}}, true)
		if err != nil {
			t.Fatal(err)
		}
		root = "/o/berg"
		home += root
	}

	query := map[string]string{"sv": "", "en": "?lang=en"}[lang]
	and := map[string]string{"sv": "", "en": "&lang=en"}[lang]
	look := func(name, address string) {
		t.Helper()
		tab.Look(t, browsertest.Page{Name: "signing in, " + name + " " + lang, Address: address, Widths: []int64{320, 768, 1280}})
	}
	run := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		bounded, cancel := context.WithTimeout(tab.Context, time.Minute)
		defer cancel()
		if err := chromedp.Do(bounded, actions...); err != nil {
			t.Fatal(err)
		}
	}
	text := func(sel string) string {
		t.Helper()
		got, err := chromedp.Run(tab.Context, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q).innerText", sel)))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	look("refused", home+"/feeds"+query)
	look("ways", home+"/signin?back=%2Ffeeds"+and)
	look("the organisation's is away", home+"/signin/oidc"+query)
	run(chromedp.Navigate(home+"/signin?back=%2Ffeeds"+and),
		chromedp.SendKeys("#address", address), chromedp.Submit("#address"), chromedp.WaitVisible(`a.button[href^="`+root+`/signin"]`))
	<-mailed
	look("sent", "")

	mails, err := a.Store.Mails(ctx, store.MailQueued, 0)
	if err != nil || len(mails) != 1 {
		t.Fatal(mails, err)
	}
	_, content, _, err := a.Mail(ctx, mails[0].MailKey)
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(regexp.QuoteMeta(home) + `/signin/link/[A-Za-z0-9_-]+`).FindString(content.Text)
	letter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, content.HTML)
	}))
	t.Cleanup(letter.Close)
	tab.Look(t, browsertest.Page{Name: "signing in, mail " + lang, Address: letter.URL, Widths: []int64{320, 768}, Mail: true})
	look("damaged", link[:len(link)-1]+query)
	look("press", link+query)
	run(chromedp.Click(".door form button"), chromedp.WaitVisible(".who"))
	look("signed in", "")
	look("a page", home+"/call/ft-portal/1"+query)
	if who := text(".who"); !regexp.MustCompile(`anna\.med|Anna`).MatchString(who) {
		t.Errorf("the header says %q", who)
	}
	look("signed in already", home+"/signin"+query)
	look("audit log", home+"/audit"+query)
	run(chromedp.Click(".who button"), chromedp.WaitNotPresent(".who"))
	look("signed out", "")
	if lines, err := a.Store.AuditLog(ctx, store.AuditFilter{}); err != nil || len(lines) != 2 || lines[0].What != "session.end" {
		t.Errorf("%+v, %v", lines, err)
	}
}
