package door

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/account"
	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/token"
)

// mailing is a house that lets some people in by links.
func mailing(t *testing.T) *house {
	t.Helper()
	return mailingAt(t, "sqlite:"+filepath.Join(t.TempDir(), "utkik.db"))
}

func mailingAt(t *testing.T, address string) *house {
	t.Helper()
	h := buildAt(t, address, func(c *Config) {
		c.Mail.Recipients = account.Reader
		c.Mail.Allow = []Allowed{{Address: "Chef@Example.org", Role: account.Admin}, {Domain: "region.example", Role: account.Editor}}
	})
	if err := h.store.SaveRecipients(t.Context(), []subscription.Recipient{recipient("kultur", "Kultur@Example.org"), recipient("chefen", "chef@example.org")}, true); err != nil {
		t.Fatal(err)
	}
	return h
}

// asks asks for a link and waits until the mail is written; then it gives the link.
func (h *house) asks(t *testing.T, c *http.Client, address string, pairs ...string) (link string, m store.Mail) {
	t.Helper()
	a := post(t, c, h.url+"/signin/mail", append([]string{"address", address}, pairs...)...)
	if a.status != 200 || !strings.HasSuffix(a.at, "/signin/sent") {
		t.Fatalf("%s: %d %s at %s", address, a.status, a.body, a.at)
	}
	select {
	case <-h.sent:
	case <-time.After(time.Minute):
		t.Fatalf("%s: no mail\n%s", address, h.log)
	}
	ms, err := h.store.Mails(t.Context(), store.MailQueued, 0)
	if err != nil || len(ms) == 0 {
		t.Fatal(ms, err)
	}
	for _, x := range ms {
		if strings.EqualFold(x.Address, address) && (m.Address == "" || x.Written.After(m.Written)) {
			m = x
		}
	}
	return h.linkOf(t, m), m
}

// linkOf is the link that stands in a mail as it leaves.
func (h *house) linkOf(t *testing.T, m store.Mail) string {
	t.Helper()
	content, err := h.store.Content(t.Context(), m.Content)
	if err != nil {
		t.Fatal(err)
	}
	fill := token.NewFiller(h.cfg.BaseURL)
	var links []string
	for _, body := range []string{content.Text, content.HTML} {
		if strings.Contains(body, token.DoorPath) {
			t.Error("the outbox holds a link that opens")
		}
		_, rest, _ := strings.Cut(fill.Fill(h.ring, body, token.Mail{Recipient: m.Recipient, Period: m.Period, Address: m.Address, Written: m.Written}), h.url+token.DoorPath)
		at := strings.IndexFunc(rest, func(r rune) bool { return strings.ContainsRune("\"\n ", r) })
		links = append(links, h.url+token.DoorPath+rest[:max(at, 0)])
	}
	if links[0] != links[1] {
		t.Errorf("the text leads to %s, the page to %s", links[0], links[1])
	}
	return links[0]
}

func TestMailLink(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); signInByMail(t, mailing(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); signInByMail(t, mailingAt(t, pg.URL(t))) })
}

func signInByMail(t *testing.T, h *house) {
	t.Helper()
	c := newBrowser(t)
	link, m := h.asks(t, c, "anna@Region.example", "back", "/call/x/y?lang=en")
	if m.Kind != KindSignIn || m.Address != "anna@region.example" || m.Language != "sv" {
		t.Errorf("%+v", m)
	}
	for range 3 { // a program that looks through mails follows links, with cookies or without
		if a := get(t, c, link); a.status != 200 || !strings.Contains(a.body, "<strong>anna@region.example</strong>") || !strings.Contains(a.body, `method="post"`) {
			t.Fatalf("%d %s", a.status, a.body)
		}
		get(t, newBrowser(t), link)
	}
	if got := h.whoAsks(t, c); got != "|||nobody" {
		t.Errorf("signed in without a press: %s", got)
	}
	if a := post(t, newBrowser(t), link); a.status != http.StatusGone || !strings.Contains(a.body, "bara i den webbläsare") {
		t.Errorf("another browser: %d %s", a.status, a.body)
	}
	if a := post(t, c, link); a.status != 200 || !strings.HasPrefix(a.body, "mail:anna@region.example|anna@region.example|anna@region.example|editor|/call/x/y?lang=en|") {
		t.Errorf("pressed: %d %s", a.status, a.body)
	}
	if a := post(t, c, link); a.status != http.StatusGone || !strings.Contains(a.body, "/signin") {
		t.Errorf("pressed again: %d %s", a.status, a.body)
	}
	if d := cmp.Diff([]string{"mail:anna@region.example session.open editor"}, h.audit(t)); d != "" {
		t.Errorf("audit (-want +got):\n%s", d)
	}

	// Another one signs in in the same browser: the first session ends.
	link, m = h.asks(t, c, "kultur@example.org")
	if m.Name != "Kultur" {
		t.Errorf("%+v", m)
	}
	if a := post(t, c, link); !strings.HasPrefix(a.body, "mail:kultur@example.org|Kultur|kultur@example.org|reader|/|") {
		t.Errorf("%d %s", a.status, a.body)
	}
	all, err := h.store.Sessions(t.Context(), h.now(), h.now().Add(-time.Hour))
	if err != nil || len(all) != 1 || all[0].Actor != "mail:kultur@example.org" {
		t.Errorf("%+v, %v", all, err)
	}

	// Whoever is on two lists has the higher role; a link is over after a quarter of an hour.
	c = newBrowser(t)
	link, _ = h.asks(t, c, "chef@example.org")
	h.pass(token.DoorLife())
	if a := post(t, c, link); a.status != http.StatusGone {
		t.Errorf("after a quarter: %d %s", a.status, a.body)
	}
	link, _ = h.asks(t, c, "chef@example.org")
	if a := post(t, c, link); !strings.Contains(a.body, "mail:chef@example.org|Chefen|chef@example.org|admin|") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// The answer is the same whoever asks: that an address is let in is nobody's business.
func TestMailUnknown(t *testing.T) {
	t.Parallel()
	h := mailing(t)
	c := newBrowser(t)
	var answers []string
	for _, address := range []string{"stranger@example.org", "x@sub.region.example", "anna@region.example"} {
		a := post(t, c, h.url+"/signin/mail", "address", address)
		answers = append(answers, a.at+a.body)
	}
	if answers[0] != answers[2] || answers[1] != answers[2] {
		t.Errorf("the answers differ: %q", answers)
	}
	<-h.sent // the last is answered after the others
	if ms, err := h.store.Mails(t.Context(), "", 0); err != nil || len(ms) != 1 || ms[0].Address != "anna@region.example" {
		t.Errorf("%+v, %v", ms, err)
	}
	if strings.Contains(h.log.String(), "stranger") {
		t.Errorf("the log names who was not let in:\n%s", h.log)
	}
	for _, wrong := range []string{"", "anna", "Anna <anna@region.example>", "anna@region.example\nBcc: x@example.org", "a@b," + "anna@region.example", strings.Repeat("a", 300) + "@example.org"} {
		if a := post(t, c, h.url+"/signin/mail", "address", wrong); a.status != http.StatusBadRequest || !strings.Contains(a.body, `aria-invalid="true"`) {
			t.Errorf("%q: %d %s", wrong, a.status, a.body)
		}
	}
}

// Nobody's mail is filled by a stranger.
func TestMailTooMany(t *testing.T) {
	t.Parallel()
	h := mailing(t)
	for range maxLinks {
		h.asks(t, newBrowser(t), "anna@region.example")
	}
	a := post(t, newBrowser(t), h.url+"/signin/mail", "address", "anna@region.example")
	h.asks(t, newBrowser(t), "berit@region.example") // answered after it
	ms, err := h.store.Mails(t.Context(), "", 0)
	if a.status != 200 || err != nil || len(ms) != maxLinks+1 || !strings.Contains(h.log.String(), "too many links") {
		t.Errorf("%d, %d mails, %v", a.status, len(ms), err)
	}
	h.pass(time.Hour)
	h.asks(t, newBrowser(t), "anna@region.example")
}

// Whoever is taken from the list is signed out within a minute, and an old link opens nothing.
func TestMailNoLonger(t *testing.T) {
	t.Parallel()
	h := mailing(t)
	c, late := newBrowser(t), newBrowser(t)
	link, _ := h.asks(t, c, "kultur@example.org")
	if a := post(t, c, link); a.status != 200 {
		t.Fatal(a)
	}
	link, _ = h.asks(t, late, "kultur@example.org")
	if err := h.store.RemoveRecipient(t.Context(), "kultur"); err != nil {
		t.Fatal(err)
	}
	h.pass(seenEvery)
	if got := h.whoAsks(t, c); got != "|||nobody" {
		t.Errorf("still %s", got)
	}
	if a := post(t, late, link); a.status != http.StatusGone {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Other links of mails do not open the door, and the door's does nothing elsewhere.
func TestMailOtherLinks(t *testing.T) {
	t.Parallel()
	h := mailing(t)
	c := newBrowser(t)
	link, m := h.asks(t, c, "anna@region.example")
	good := strings.TrimPrefix(link, h.url+token.DoorPath)
	seal := func(claim token.Claim) string { return h.ring.Seal(claim, h.now()) }
	for name, tok := range map[string]string{
		"an unsubscription":  seal(token.Claim{Act: token.Unsubscribe, Recipient: m.Recipient, Whose: token.Whose(m.Address)}),
		"of a recipient":     seal(token.Claim{Act: token.SignIn, Recipient: "kultur", Whose: token.Whose("kultur@example.org")}),
		"of no link":         seal(token.Claim{Act: token.SignIn, Recipient: linkRecipient + "x", Whose: token.Whose(m.Address)}),
		"of another address": seal(token.Claim{Act: token.SignIn, Recipient: m.Recipient, Whose: token.Whose("chef@example.org")}),
		"damaged":            good[:len(good)-1],
		"nonsense":           "x",
	} {
		for _, a := range []answer{get(t, c, h.url+token.DoorPath+tok), post(t, c, h.url+token.DoorPath+tok)} {
			if a.status != http.StatusGone {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	}
	if got := h.whoAsks(t, c); got != "|||nobody" {
		t.Error(got)
	}
}

func TestLetter(t *testing.T) {
	t.Parallel()
	h := mailing(t)
	for lang, want := range map[string]string{"sv": "Länken gäller i 15 minuter", "en": "valid for 15 minutes"} {
		packed, err := h.letter(lang, "Anna <b>Ek</b>")
		if err != nil {
			t.Fatal(err)
		}
		l := store.SigninLink{ID: lang, Address: "x@example.org", Made: h.now(), Ends: h.now()}
		if _, err := h.store.AddSigninLink(t.Context(), l, h.now(), 5, store.Mail{MailKey: store.MailKey{Recipient: lang, Period: "x"}, MessageID: lang}, packed); err != nil {
			t.Fatal(err)
		}
		c, err := h.store.Content(t.Context(), packed.Hash)
		if err != nil {
			t.Fatal(err)
		}
		place := h.url + "/link/sign-in"
		if strings.Count(c.Text, place) != 1 || strings.Count(c.HTML, place) != 1 || !strings.Contains(c.Text, want) || !strings.Contains(c.HTML, want) || strings.Contains(c.HTML, "<b>") || c.Subject == "" {
			t.Errorf("%s:\n%s\n%s", lang, c.Text, c.HTML)
		}
	}
}
