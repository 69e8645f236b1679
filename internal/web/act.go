package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/token"
)

// actTexts are the words of the pages to which links in mails lead. Maps are by act.
type actTexts struct {
	Heads     map[string]string `json:"heads"`
	Intros    map[string]string `json:"intros"`
	Buttons   map[string]string `json:"buttons"`
	Done      map[string]string `json:"done"`
	Taken     map[string]string `json:"taken"` // the heading once it is so
	Why       string            `json:"why"`
	Reasons   []string          `json:"reasons"`
	WhyNone   string            `json:"why_none"`
	Until     string            `json:"until"`
	UntilBad  string            `json:"until_bad"`
	Expired   string            `json:"expired"`
	Damaged   string            `json:"damaged"`
	Unknown   string            `json:"unknown"` // the recipient is not there any more
	Elsewhere string            `json:"elsewhere"`
	CallGone  string            `json:"call_gone"`
	NotValid  string            `json:"not_valid"` // heading of those
	Whose     string            `json:"whose"`     // the recipient's name
}

// actPage asks whether what a link says should be done, or says that it is, or why it cannot be.
type actPage struct {
	Frame
	Heading string
	Text    string
	Whose   string
	About   *actCall
	Problem string
	Form    *actForm
	Choices []actForm
}

type actCall struct {
	Title string
	Lang  string
	Link  string
}

type actForm struct {
	Action string
	Button string
	Quiet  bool // takes back, rather than does
	Why    bool
	Until  *actUntil
}

type actUntil struct{ Value, Min, Max string }

// maxPause is how far ahead a link can pause.
const maxPause = 366

// acting is a link that was opened, with what it is about.
type acting struct {
	frame     Frame
	claim     token.Claim
	ring      token.Ring
	recipient subscription.Recipient
	standIn   bool // the mail went to a stand-in
	record    store.Record
	decided   [2]subscription.Choice // in force: the recipient's own, and its department's
}

// refused is why a link moves nothing: what a page says, and its status.
type refused struct {
	frame  Frame
	text   string
	status int
}

func (e *refused) Error() string { return e.text }

// opened reads a link and all that it is about.
func (s *Server) opened(r *http.Request) (*acting, error) {
	ctx, now := r.Context(), s.cfg.Now()
	a := &acting{frame: s.frame(r)}
	var err error
	if a.ring, err = s.ring(ctx); err != nil {
		return nil, err
	}
	a.claim, err = a.ring.Open(r.PathValue("token"), now)
	if errors.Is(err, token.ErrDamaged) || a.claim.Act == token.SignIn { // that one is the door's
		return nil, &refused{a.frame, a.frame.T.Act.Damaged, http.StatusNotFound}
	}
	expired := errors.Is(err, token.ErrExpired)
	a.recipient, err = s.cfg.Store.Recipient(ctx, a.claim.Recipient)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return nil, err
	}
	if !r.URL.Query().Has("lang") && s.texts[a.recipient.Language] != nil { // the reader's language, unless it asks for another
		a.frame = s.frame(inLanguage(r, a.recipient.Language))
	}
	a.frame.SwitchTo = a.in(a.frame.SwitchTo, a.frame.Other)
	t := &a.frame.T.Act
	switch {
	case expired:
		return nil, &refused{a.frame, t.Expired, http.StatusGone}
	case missing:
		return nil, &refused{a.frame, t.Unknown, http.StatusGone}
	}
	switch a.claim.Whose {
	case token.Whose(a.recipient.Address):
	case token.Whose(a.recipient.Pause.StandIn):
		a.standIn = true
	default:
		return nil, &refused{a.frame, t.Elsewhere, http.StatusGone}
	}
	if !a.claim.Act.OfCall() {
		return a, nil
	}
	a.record, err = s.cfg.Store.Record(ctx, a.claim.Key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &refused{a.frame, t.CallGone, http.StatusGone}
	}
	if err != nil {
		return nil, err
	}
	ds, err := s.cfg.Store.DecisionsOf(ctx, a.claim.Key)
	a.decided = [2]subscription.Choice{subscription.Undecided, subscription.Undecided}
	for _, d := range ds { // the last one is in force
		switch {
		case d.Recipient == a.recipient.ID:
			a.decided[0] = d.Choice
		case d.Department != "" && d.Department == a.recipient.Department:
			a.decided[1] = d.Choice
		}
	}
	return a, err
}

// in is an address within the site in a language, which the reader's own would else displace.
func (a *acting) in(address, lang string) string {
	if lang != languages[0] || a.recipient.Language == languages[0] {
		return address
	}
	if strings.Contains(address, "?") {
		return address + "&lang=" + lang
	}
	return address + "?lang=" + lang
}

// link is that of another act of the same recipient about the same.
func (s *Server) link(a *acting, act token.Act, q url.Values) string {
	c := a.claim
	if act != c.Act {
		c.Act, c.Expires = act, time.Time{}
	}
	return a.in(a.frame.address(token.ActPath+a.ring.Seal(c, s.cfg.Now()), q), a.frame.Lang)
}

// ring is the keys of links.
func (s *Server) ring(ctx context.Context) (token.Ring, error) {
	keys, err := s.cfg.Store.SigningKeys(ctx)
	var out token.Ring
	for _, k := range keys {
		out = append(out, token.Key(k))
	}
	return out, err
}

// today is the local day of the recipient.
func (a *acting) today(now time.Time) time.Time {
	loc, err := time.LoadLocation(a.recipient.Zone)
	if err != nil {
		loc = call.Brussels() // unreachable: it was checked when it was saved
	}
	local := now.In(loc)
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
}

// done tells whether what the link says is so already.
func (a *acting) done(now time.Time) bool {
	own, department := a.decided[0], a.decided[1]
	p := a.recipient.Pause
	paused := p.Until > a.today(now).Format(time.DateOnly)
	switch a.claim.Act {
	case token.Follow:
		return own == subscription.Follow
	case token.NotRelevant:
		return own == subscription.NotRelevant
	case token.Take:
		return own == subscription.Act || own == subscription.Undecided && department == subscription.Act
	case token.Undo:
		return own == subscription.Undecided && department != subscription.Act
	case token.Unsubscribe:
		return p.Until == subscription.Never && !a.standIn
	case token.Pause:
		return paused && !a.standIn
	case token.Resume:
		return !paused
	}
	return false // an answer is never done: it only shows choices
}

// act is the page that a link leads to. It changes nothing, since programs that look through mails open every link.
func (s *Server) act(_ http.ResponseWriter, r *http.Request) (view, error) {
	a, err := s.opened(r)
	if err != nil {
		return s.refusal(err)
	}
	if a.claim.Act == token.View {
		v, err := s.ownMail(r, a)
		if err != nil {
			return s.refusal(err)
		}
		return v, nil
	}
	return s.actView(a, r.URL.Query().Has("wrong")), nil
}

// refusal is the page for a link that moves nothing; any other error stays one.
func (s *Server) refusal(err error) (view, error) {
	var no *refused
	if !errors.As(err, &no) {
		return view{}, err
	}
	f := no.frame
	f.Title = f.titled(f.T.Act.NotValid)
	return view{"act", actPage{Frame: f, Heading: f.T.Act.NotValid, Text: no.text}, no.status}, nil
}

// actView is the page of an act. wrong says that what the form sent last could not be taken.
func (s *Server) actView(a *acting, wrong bool) view {
	now, t, name := s.cfg.Now(), &a.frame.T.Act, string(a.claim.Act)
	status := http.StatusOK
	p := actPage{Frame: a.frame, Heading: t.Heads[name], Text: t.Intros[name], Whose: fmt.Sprintf(t.Whose, a.recipient.Name)}
	link := func(act token.Act) string { return s.link(a, act, url.Values{}) }
	if a.claim.Act.OfCall() {
		title, in := a.record.Call.TitleIn(a.frame.Lang)
		if title == "" {
			title = a.record.Call.Ref
		}
		p.About = &actCall{short(title, 300), tag(in), callLink(a.frame, a.claim.Key)}
	}
	switch {
	case a.done(now):
		p.Heading, p.Text = t.Taken[name], t.Done[name]
		switch a.claim.Act {
		case token.Follow, token.Take, token.NotRelevant:
			p.Form = &actForm{Action: link(token.Undo), Button: t.Buttons[string(token.Undo)], Quiet: true}
		case token.Unsubscribe, token.Pause:
			p.Form = &actForm{Action: link(token.Resume), Button: t.Buttons[string(token.Resume)], Quiet: true}
		}
	case a.claim.Act == token.Answer:
		for _, act := range []token.Act{token.Follow, token.Take, token.NotRelevant} {
			p.Choices = append(p.Choices, actForm{Action: link(act), Button: t.Buttons[string(act)]})
		}
	default:
		p.Form = &actForm{Action: link(a.claim.Act), Button: t.Buttons[name], Why: a.claim.Act == token.NotRelevant}
		if wrong && p.Form.Why {
			p.Problem, status = t.WhyNone, http.StatusBadRequest
		}
		if a.claim.Act == token.Pause {
			if wrong {
				p.Problem, status = t.UntilBad, http.StatusBadRequest
			}
			today := a.today(now)
			p.Form.Until = &actUntil{today.AddDate(0, 0, 14).Format(time.DateOnly), today.AddDate(0, 0, 1).Format(time.DateOnly), today.AddDate(0, 0, maxPause).Format(time.DateOnly)}
		}
	}
	p.Title = p.titled(p.Heading)
	return view{"act", p, status}
}

// maxForm bounds what a form of a link sends.
const maxForm = 64 << 10

// perform does what a link says: after a person has pressed the button, or in one click, as mail programs do it (RFC 8058).
// What is done already is not done again.
func (s *Server) perform(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := s.performed(w, r); err != nil {
		s.page(func(http.ResponseWriter, *http.Request) (view, error) { return s.refusal(err) })(w, r)
	}
}

func (s *Server) performed(w http.ResponseWriter, r *http.Request) error {
	a, err := s.opened(r)
	if err != nil {
		return err
	}
	wrong := func() error {
		http.Redirect(w, r, s.link(a, a.claim.Act, url.Values{"wrong": {"1"}}), http.StatusSeeOther)
		return nil
	}
	now, t := s.cfg.Now(), &a.frame.T.Act
	oneClick := a.claim.Act == token.Unsubscribe && r.PostFormValue("List-Unsubscribe") == "One-Click"
	did := store.Act{At: now, Recipient: a.recipient.ID, Act: string(a.claim.Act), Key: a.claim.Key, Way: "page"}
	if oneClick {
		did.Way = "one-click"
	}
	if !a.done(now) {
		var pause *subscription.Pause
		var decisions []subscription.Decision
		own := subscription.Decision{Key: a.claim.Key, Recipient: a.recipient.ID, Who: short(a.recipient.Name, 60), At: now}
		department := own
		department.Recipient, department.Department = "", a.recipient.Department
		as := func(d subscription.Decision, c subscription.Choice) { d.Choice = c; decisions = append(decisions, d) }
		switch a.claim.Act {
		case token.Follow:
			as(own, subscription.Follow)
		case token.NotRelevant:
			own.Why = short(strings.Join(strings.Fields(strings.ToValidUTF8(r.PostFormValue("why"), "")), " "), 500)
			if own.Why == "" {
				return wrong()
			}
			did.Detail = own.Why
			as(own, subscription.NotRelevant)
		case token.Take: // by whom the recipient belongs to, so that colleagues see it
			if department.Department == "" {
				as(own, subscription.Act)
				break
			}
			as(department, subscription.Act)
			as(own, subscription.Undecided)
		case token.Undo:
			as(own, subscription.Undecided)
			if a.decided[1] == subscription.Act {
				as(department, subscription.Undecided)
			}
		case token.Unsubscribe:
			pause = &subscription.Pause{Until: subscription.Never}
			if a.standIn { // ends what it gets in the other's place
				pause = &subscription.Pause{Until: a.recipient.Pause.Until}
			}
		case token.Pause:
			until, err := time.Parse(time.DateOnly, r.PostFormValue("until"))
			today := a.today(now)
			if err != nil || !until.After(today) || until.After(today.AddDate(0, 0, maxPause)) {
				return wrong()
			}
			did.Detail = until.Format(time.DateOnly)
			pause = &subscription.Pause{Until: did.Detail}
		case token.Resume:
			pause = &subscription.Pause{}
		case token.Answer, token.View: // show something, and do nothing
		}
		if pause != nil || len(decisions) > 0 {
			line := store.Entry{At: now, Who: "recipient:" + did.Recipient, Way: store.WayMail, What: "link." + did.Act, On: did.Recipient, Detail: did.Way}
			if a.claim.Act.OfCall() {
				line.On = did.Key.String()
			}
			if _, err := s.cfg.Store.Do(store.Audited(r.Context(), line), did, pause, decisions...); err != nil {
				return err
			}
			s.cfg.Log.InfoContext(r.Context(), "done by a link", "recipient", did.Recipient, "act", did.Act, "call", did.Key.String(), "way", did.Way)
		}
	}
	if oneClick { // mail programs follow nothing
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, t.Taken[string(token.Unsubscribe)])
		return nil
	}
	http.Redirect(w, r, s.link(a, a.claim.Act, url.Values{}), http.StatusSeeOther)
	return nil
}
