package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/token"
	"utkik/internal/watch"
)

const mailBase = "https://utkik.example.org"

// toldDigest is what the department of the environment was told of a day, with everything that a digest can have.
func toldDigest(lang string) (digest.Digest, error) {
	key := call.Key{Source: "ft-portal", Ref: "RAIL-1"}
	wide := testPlan
	wide.Departments = []plan.Department{{ID: "miljo", Name: "Miljökontoret", Priorities: []string{"miljo", "kultur"}}}
	in := digest.Input{Plan: &wide, Department: "miljo", Language: lang, Date: "2026-07-27", Now: now.Add(-9 * time.Hour),
		More: token.Place(mailBase, token.View, call.Key{}), Horizon: digest.Horizon{Fold: 1, Soon: 1},
		Links: func(k call.Key, _ string) digest.Links {
			return digest.Links{Read: mailBase + "/call/" + k.Path(), Calendar: mailBase + "/calendar/" + k.Path(), Follow: token.Place(mailBase, token.Follow, k),
				Act: token.Place(mailBase, token.Take, k), NotRelevant: token.Place(mailBase, token.NotRelevant, k), Answer: token.Place(mailBase, token.Answer, k)}
		},
		Groups:  [][]call.Key{{key, {Source: "cinea", Ref: "rail"}, {Source: "nyheter", Ref: "rail"}}},
		Sources: []digest.SourceState{{ID: "ft-portal", Name: "EU:s portal", State: watch.OK, Started: now.Add(-30 * time.Hour), Ended: now.Add(-29 * time.Hour), Complete: true, Baseline: true, Seen: 3}, {ID: "cinea", Name: "cinea", State: watch.Broken, Started: now.Add(-30 * time.Hour), Ended: now.Add(-29 * time.Hour)}},
	}
	for _, c := range append(history(), call.Change{Event: call.EventNew}) {
		c.Source, c.Ref, c.Material, c.Mended, c.Seq = key.Source, key.Ref, true, false, int64(len(in.Changes)+1)
		if c.Event == call.EventNew || c.Event == call.EventWithdrawn || c.Event == call.EventClosed {
			continue
		}
		in.Changes = append(in.Changes, c)
	}
	for i := range 3 {
		in.Changes = append(in.Changes, call.Change{Seq: int64(50 + i), At: now.Add(-25 * time.Hour), Source: "ft-portal", Ref: "BULK-0" + string(rune('0'+i)), Event: call.EventNew, Material: true})
	}
	results := func(field string) []match.Result {
		return []match.Result{{Priority: "miljo", Score: 0.9, Included: true, Reasons: []match.Reason{{PriorityText: "Hit hör tåg.", CallText: "«Railway» links to the north", Field: field, Term: "rail*", Weight: 3}}}}
	}
	all := calls()
	at := func(i int, field string) {
		in.Calls = append(in.Calls, digest.Item{Call: all[i], FirstSeen: now.Add(-72 * time.Hour), Results: results(field)})
	}
	at(0, "identifier")
	in.Calls[0].Results = append(in.Calls[0].Results, match.Result{Priority: "kultur", Score: 0.6, Included: true, Reasons: []match.Reason{{PriorityText: "Kultur", CallText: "«north»", Field: "title", Term: "north", Weight: 1}}})
	for i := range all {
		if strings.HasPrefix(all[i].Ref, "BULK-0") || all[i].Ref == "TOMORROW" || all[i].Ref == "EuropeAid/1/DD" {
			at(i, "title")
		}
	}
	for _, source := range []string{"cinea", "nyheter"} {
		twin := all[0]
		twin.Source, twin.Ref, twin.URL = source, "rail", "https://www.example.se/rail"
		in.Calls = append(in.Calls, digest.Item{Call: twin, FirstSeen: now.Add(-72 * time.Hour), Results: results("text")})
	}
	d, err := digest.Build(in)
	d.Foot = digest.Foot{Unsubscribe: token.Place(mailBase, token.Unsubscribe, call.Key{})}
	return d, err
}

// told fills the outbox: mails to a department and to a person, one that is weeded, one of an older form, one that was refused.
func told(ctx context.Context, st *store.Store) error {
	office := subscription.Recipient{ID: "miljokontoret", Address: "miljo@example.org", Name: "Miljökontoret", Department: "miljo", Language: "sv", Zone: "Europe/Stockholm", Hour: 7,
		Rhythm: subscription.Daily, Follows: []subscription.Subscription{{Departments: []string{"miljo"}}}}
	person := subscription.Recipient{ID: "privat", Address: "privat@example.org", Name: "Privat Person", Department: "miljo", Language: "en", Zone: "Europe/Stockholm", Hour: 7,
		Rhythm: subscription.Daily, Follows: []subscription.Subscription{{Departments: []string{"miljo"}}, {Search: "rail"}}}
	if err := st.SaveRecipients(ctx, []subscription.Recipient{office, person}, true); err != nil {
		return err
	}
	post := func(r subscription.Recipient, period, kind string, c store.Content) error {
		packed, err := store.PackContent(&c)
		if err != nil {
			return err
		}
		_, err = st.Post(ctx, store.Mail{MailKey: store.MailKey{Recipient: r.ID, Period: period}, Kind: kind, Items: 3, Address: r.Address, Name: r.Name, Language: r.Language, MessageID: r.ID + period, Due: now}, packed)
		return err
	}
	if err := post(office, "2026-07-24", "digest", store.Content{Subject: "hemligt", Text: "hemligt"}); err != nil {
		return err
	}
	if err := post(office, "2026-07-23", "digest", store.Content{Subject: "nekat", Text: "nekat"}); err != nil {
		return err
	}
	release, _, err := st.HoldOutbox(ctx)
	if err != nil {
		return err
	}
	defer release()
	if _, err := st.TakeMails(ctx, now, 10); err != nil {
		return err
	}
	if err := st.RecordMails(ctx, []store.Outcome{
		{Mail: store.MailKey{Recipient: office.ID, Period: "2026-07-24"}, Address: office.Address, At: now, State: store.MailSent},
		{Mail: store.MailKey{Recipient: office.ID, Period: "2026-07-23"}, Address: office.Address, At: now, State: store.MailRefused},
	}); err != nil {
		return err
	}
	if _, err := st.WeedMails(ctx, now.Add(time.Hour)); err != nil {
		return err
	}
	for _, m := range []struct {
		to     subscription.Recipient
		period string
		kind   string
	}{{office, "2026-07-27", "digest"}, {person, "2026-07-27", "digest"}, {office, "2026-07-26 notice", "notice"}} {
		d, err := toldDigest(m.to.Language)
		if err != nil {
			return err
		}
		data, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if err := post(m.to, m.period, m.kind, store.Content{Subject: d.Subject, Text: digest.Text(d), Data: data}); err != nil {
			return err
		}
		for _, department := range []string{"miljo", "kultur", "gone since"} {
			if _, err := st.KeepDigest(ctx, store.Digest{Department: department, Date: m.period[:10], Language: m.to.Language, Hash: "h", At: now, Body: data}); err != nil {
				return err
			}
		}
	}
	return post(office, "2026-07-25", "lifesign", store.Content{Subject: "förr", Text: "Ett mejl från förr", Data: []byte(`{"format": "utkik-digest/1"}`)})
}

// viewed is the address that a mail's own link leads to.
func viewed(recipient, address, period string) string {
	return token.ActPath + keys.Seal(token.Claim{Act: token.View, Recipient: recipient, Whose: token.Whose(address), Period: period}, now.Add(-time.Hour))
}

// Who may read which mail, and what of it.
func TestWhoReadsMails(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.cfg.BaseURL = mailBase
	reader := account.Actor{ID: "lisa", Name: "Lisa", Role: account.Reader}
	self := account.Actor{ID: "p", Mail: "Privat@example.org", Role: account.Reader}
	const office, private = "/digests/mail/miljokontoret/2026-07-27", "/digests/mail/privat/2026-07-27"
	for _, tt := range []struct {
		name    string
		who     account.Actor
		address string
		status  int
	}{
		{"a reader, a department's", reader, office, 200},
		{"a reader, a person's", reader, private, 403},
		{"somebody unknown, a person's", account.Actor{}, private, 401},
		{"the person, its own", self, private, 200},
		{"an editor, a person's", editor, private, 200},
		{"its own link", account.Actor{}, viewed("privat", "privat@example.org", "2026-07-27"), 200},
		{"a link of an address that is another by now", account.Actor{}, viewed("privat", "old@example.org", "2026-07-27"), 410},
		{"a link to a mail that is not there", account.Actor{}, viewed("privat", "privat@example.org", "2026-01-01"), 410},
		{"a notice to the operator", editor, "/digests/mail/miljokontoret/" + url.PathEscape("2026-07-26 notice"), 404},
		{"no mail", editor, "/digests/mail/nobody/2026-07-27", 404},
		{"a recipient that is not there any more", reader, "/digests/mail/nobody/2026-07-27", 404},
	} {
		w := getAs(t, s, tt.who, tt.address)
		if w.Code != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.status)
		}
		if body := w.Body.String(); w.Code != http.StatusOK && strings.Contains(body, "Railway") {
			t.Errorf("%s: the mail shows", tt.name)
		} else if own := strings.Contains(tt.address, "/act/"); w.Code == http.StatusOK && strings.Contains(body, "/act/") != own {
			t.Errorf("%s: links of a reader's own: want %v", tt.name, own)
		} else if strings.Contains(body, "/link/") {
			t.Errorf("%s: places are left", tt.name)
		}
	}
	all := plain(get(t, s, "/digests").Body.String())
	if strings.Contains(all, "Privat Person") || !strings.Contains(all, "bara de själva och redaktörer kan läsa: 1.") {
		t.Errorf("a reader's list: %s", all)
	}
	if all := plain(getAs(t, s, editor, "/digests").Body.String()); !strings.Contains(all, "Privat Person") {
		t.Errorf("an editor's list: %s", all)
	}
}

// Of another organisation's mails nothing is seen, not by editors either.
func TestOthersMails(t *testing.T) {
	t.Parallel()
	s := site(t)
	packed, err := store.PackContent(&store.Content{Subject: "skogsby", Text: "skogsby"})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := s.cfg.Store.Of("skogsby").Post(t.Context(), store.Mail{MailKey: store.MailKey{Recipient: "kultur", Period: "2026-07-27"}, Kind: "digest", Name: "Skogsby", Address: "kultur@skogsby.example", MessageID: "x", Due: now}, packed); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if list := getAs(t, s, editor, "/digests").Body.String(); strings.Contains(list, "kogsby") {
		t.Error("the list names another organisation's mail")
	}
	if w := getAs(t, s, editor, "/digests/mail/~skogsby.kultur/2026-07-27"); w.Code != http.StatusNotFound {
		t.Errorf("another organisation's mail: %d", w.Code)
	}
}

// A mail's page has what its folds only count.
func TestWholeDigest(t *testing.T) {
	t.Parallel()
	s := site(t)
	d, err := toldDigest("sv")
	if err != nil {
		t.Fatal(err)
	}
	folded := 0
	for _, sec := range d.Sections {
		for _, g := range sec.Groups {
			folded += len(g.Items) - g.Shown
		}
	}
	if folded == 0 || !strings.Contains(digest.Text(d), "/link/view") {
		t.Fatalf("the mail folds %d:\n%s", folded, digest.Text(d))
	}
	page := plain(get(t, s, "/digests/mail/miljokontoret/2026-07-27").Body.String())
	for _, sec := range d.Sections {
		for _, g := range sec.Groups {
			for _, e := range g.Items {
				if !strings.Contains(page, strings.Join(strings.Fields(e.Title), " ")) {
					t.Errorf("the page lacks %q", e.Title)
				}
			}
			if g.Fold != "" && strings.Contains(page, g.Fold) {
				t.Errorf("the page folds: %q", g.Fold)
			}
		}
	}
}
