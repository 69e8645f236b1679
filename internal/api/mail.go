package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// Mail is a mail that was written, and what came of it.
type Mail struct {
	Recipient string    `json:"recipient"`
	Period    string    `json:"period" doc:"The local day that it is of, or what else makes it one of its kind."`
	Kind      string    `json:"kind" doc:"digest, lifesign, reminder, ..."`
	Items     int       `json:"items" doc:"That it tells of."`
	Address   string    `json:"address"`
	Language  string    `json:"language"`
	Written   time.Time `json:"written"`
	State     string    `json:"state" enum:"queued,sending,sent,refused,suspended"`
	Since     time.Time `json:"since" doc:"In that state."`
	Tries     int       `json:"tries"`
	Error     string    `json:"error,omitempty" doc:"Of the latest try."`
	MessageID string    `json:"message_id"`
	Hash      string    `json:"hash,omitempty" doc:"SHA-256 of the mail as it was sent."`
}

// Letter is a mail with what it says.
type Letter struct {
	Mail
	Subject string          `json:"subject,omitempty"`
	Text    string          `json:"text,omitempty" doc:"As it was written; links of the recipient's own are left as places in it."`
	Data    json.RawMessage `json:"data,omitempty" doc:"What it was made of."`
	Weeded  bool            `json:"weeded,omitempty" doc:"It is so old that what it said is not kept any more."`
}

type digestsInput struct {
	Recipient string `query:"recipient" doc:"Only to this one."`
	Kind      string `query:"kind" doc:"Only of this kind, such as digest."`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor    string `query:"cursor" maxLength:"2000" doc:"next of an earlier answer."`
}

type digestsOutput struct {
	Body struct {
		Digests []Mail `json:"digests"`
		Next    string `json:"next,omitempty" doc:"Where to go on; none on the last page."`
	}
}

type digestInput struct {
	Recipient string `path:"recipient" maxLength:"100" example:"kultur"`
	Period    string `path:"period" maxLength:"100" example:"2026-07-27"`
}

type letterOutput struct{ Body Letter }

func mailOf(m *store.Mail) Mail {
	return Mail{m.Recipient, m.Period, m.Kind, m.Items, m.Address, m.Language, m.Written, string(m.State), m.Since, m.Tries,
		m.Error, m.MessageID, m.Hash}
}

// mailPlace is a place among mails: behind that one.
type mailPlace struct {
	Written   int64  `json:"w"` // milliseconds since 1970 UTC
	Recipient string `json:"r"`
	Period    string `json:"p"`
}

func (s *Server) listDigests(ctx context.Context, in *digestsInput) (*digestsOutput, error) {
	scope := scopeOf("digests", []string{in.Recipient, in.Kind})
	before := store.Mail{}
	if in.Cursor != "" {
		var at mailPlace
		if err := unseal(in.Cursor, scope, &at); err != nil {
			return nil, err
		}
		before.Written, before.Recipient, before.Period = time.UnixMilli(at.Written), at.Recipient, at.Period
	}
	all, err := s.cfg.Store.MailsBefore(ctx, before, in.Recipient, in.Kind, s.cfg.Unseen, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &digestsOutput{}
	out.Body.Digests = []Mail{}
	for i := range all[:min(in.Limit, len(all))] {
		out.Body.Digests = append(out.Body.Digests, mailOf(&all[i]))
	}
	if len(all) > in.Limit {
		last := &all[in.Limit-1]
		out.Body.Next = seal(scope, mailPlace{last.Written.UnixMilli(), last.Recipient, last.Period})
	}
	return out, nil
}

func (s *Server) getDigest(ctx context.Context, in *digestInput) (*letterOutput, error) {
	m, err := s.cfg.Store.Mail(ctx, store.MailKey{Recipient: in.Recipient, Period: in.Period})
	if errors.Is(err, store.ErrNotFound) || err == nil && s.cfg.Unseen != "" && m.Kind == s.cfg.Unseen {
		return nil, notFound(fmt.Sprintf("mail %q of %q", short(in.Period), short(in.Recipient)),
			"list what there is: GET /api/v1/digests?recipient=…")
	}
	if err != nil {
		return nil, err
	}
	out := &letterOutput{Letter{Mail: mailOf(&m)}}
	c, err := s.cfg.Store.Content(ctx, m.Content)
	switch {
	case errors.Is(err, store.ErrNotFound):
		out.Body.Weeded = true
	case err != nil:
		return nil, err
	default:
		out.Body.Subject, out.Body.Text, out.Body.Data = c.Subject, c.Text, c.Data
	}
	return out, nil
}

// Follow is one thing that a recipient follows: an item fits when it fits every part that is given; of a part's values
// one is enough. Priorities and departments are one part.
type Follow struct {
	_           struct{}    `additionalProperties:"false"`
	Name        string      `json:"name,omitempty" doc:"What the recipient calls it."`
	Departments []string    `json:"departments,omitempty" nullable:"false" maxItems:"50"`
	Priorities  []string    `json:"priorities,omitempty" nullable:"false" maxItems:"50"`
	Programmes  []string    `json:"programmes,omitempty" nullable:"false" maxItems:"50"`
	Kinds       []call.Kind `json:"kinds,omitempty" nullable:"false" enum:"call,consultation,planned,news"`
	Search      string      `json:"search,omitempty" doc:"In the query language."`
}

// Pause keeps a recipient's mail back.
type Pause struct {
	_       struct{} `additionalProperties:"false"`
	Until   string   `json:"until" doc:"The first day on which mail comes again." example:"2026-08-10"`
	StandIn string   `json:"stand_in,omitempty" doc:"Address that is written to meanwhile."`
}

// RecipientBody is a recipient as it is sent here.
type RecipientBody struct {
	_          struct{} `additionalProperties:"false"`
	ID         string   `json:"id,omitempty" doc:"Small letters, digits and single hyphens. For good: what was sent is kept under it." example:"bygg"`
	Address    string   `json:"address" example:"bygg@example.org"`
	Name       string   `json:"name" doc:"As it stands in the mail's heading."`
	Department string   `json:"department,omitempty" doc:"Of the plan; its decisions are the recipient's too."`
	Language   string   `json:"language,omitempty" enum:"sv,en" default:"sv"`
	Zone       string   `json:"zone,omitempty" default:"Europe/Stockholm"`
	Hour       *int     `json:"hour,omitempty" minimum:"0" maximum:"23" default:"7" doc:"From then on a day's mail may leave, by the zone's clock."`
	Rhythm     string   `json:"rhythm,omitempty" enum:"daily,weekly,monthly" default:"daily"`
	Weekday    string   `json:"weekday,omitempty" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" doc:"Of a weekly mail."`
	SignOfLife bool     `json:"sign_of_life,omitempty" doc:"A mail a month even when nothing came."`
	Pause      *Pause   `json:"pause,omitempty"`
	Follows    []Follow `json:"follows" nullable:"false" minItems:"1" maxItems:"100" doc:"Its subscriptions. They come in one mail."`
}

// Recipient is who is told of what.
type Recipient struct {
	RecipientBody
	Suspended *Suspended `json:"suspended,omitempty" doc:"The mail server refused its address for good."`
	Told      string     `json:"told,omitempty" doc:"Local day of the latest period that was dealt with."`
	Mailed    *time.Time `json:"mailed,omitempty" doc:"When the latest mail was written, or when it was added."`
}

// Suspended says since when nothing is sent to an address, and why.
type Suspended struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

type recipientsInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
	Cursor string `query:"cursor" maxLength:"2000" doc:"next of an earlier answer."`
}

type recipientsOutput struct {
	Body struct {
		Recipients []Recipient `json:"recipients" doc:"By id."`
		Next       string      `json:"next,omitempty" doc:"Where to go on; none on the last page."`
	}
}

type recipientInput struct {
	ID string `path:"id" maxLength:"100" example:"kultur"`
}

type recipientOutput struct{ Body Recipient }

type createInput struct{ Body RecipientBody }

type replaceInput struct {
	ID      string `path:"id" maxLength:"100" example:"bygg"`
	IfMatch string `header:"If-Match" doc:"The ETag of the recipient as you read it: if it is another by now, nothing is changed (412)."`
	Body    RecipientBody
}

type subscribeInput struct {
	ID   string `path:"id" maxLength:"100" example:"bygg"`
	Body Follow
}

type unsubscribeInput struct {
	ID   string `path:"id" maxLength:"100" example:"bygg"`
	Name string `query:"name" required:"true" maxLength:"200" doc:"What the subscription is called." example:"kultur"`
}

type deleteInput struct {
	ID      string `path:"id" maxLength:"100" example:"bygg"`
	IfMatch string `header:"If-Match" doc:"The ETag of the recipient as you read it."`
}

const exampleRecipient = `{"id": "bygg", "address": "bygg@example.org", "name": "Byggenheten", "follows": [{"name": "tåg", "search": "järnväg", "kinds": ["call"]}]}`

func recipientOf(r *subscription.Recipient) Recipient {
	b := RecipientBody{ID: r.ID, Address: r.Address, Name: r.Name, Department: r.Department, Language: r.Language,
		Zone: r.Zone, Hour: &r.Hour,
		Rhythm: string(r.Rhythm), Weekday: string(r.Weekday), SignOfLife: r.Lifesign, Follows: []Follow{}}
	if r.Pause.Until != "" {
		b.Pause = &Pause{Until: r.Pause.Until, StandIn: r.Pause.StandIn}
	}
	for _, f := range r.Follows {
		b.Follows = append(b.Follows, Follow{Name: f.Name, Departments: f.Departments, Priorities: f.Priorities,
			Programmes: f.Programmes, Kinds: f.Kinds, Search: f.Search})
	}
	out := Recipient{RecipientBody: b, Told: r.Progress.Period, Mailed: instant(r.Progress.Mailed)}
	if r.Suspended.Is() {
		out.Suspended = &Suspended{r.Suspended.Since, r.Suspended.Reason}
	}
	return out
}

// usualHour is when a recipient is written to that names no hour.
const usualHour = 7

// recipientFrom reads what was sent, or says everything that makes it unfit.
func (s *Server) recipientFrom(b *RecipientBody) (subscription.Recipient, error) {
	r := subscription.Recipient{ID: b.ID, Address: b.Address, Name: b.Name, Department: b.Department, Language: b.Language,
		Zone: b.Zone, Hour: usualHour,
		Rhythm: subscription.Rhythm(b.Rhythm), Weekday: subscription.Weekday(b.Weekday), Lifesign: b.SignOfLife}
	if b.Hour != nil {
		r.Hour = *b.Hour
	}
	if b.Pause != nil {
		r.Pause = subscription.Pause{Until: b.Pause.Until, StandIn: b.Pause.StandIn}
	}
	for _, f := range b.Follows {
		r.Follows = append(r.Follows, f.subscription())
	}
	return r, invalid(s.faultsOf(&r, "body."))
}

func (f *Follow) subscription() subscription.Subscription {
	return subscription.Subscription{Name: f.Name, Departments: f.Departments, Priorities: f.Priorities, Programmes: f.Programmes,
		Kinds: f.Kinds, Search: f.Search}
}

// faultsOf says everything that makes a recipient unfit, by the places of the body.
func (s *Server) faultsOf(r *subscription.Recipient, prefix string) []Fault {
	p := s.cfg.Plan()
	var faults []Fault
	for _, bad := range r.Check(subscription.Known{
		Department: func(id string) bool { _, ok := p.Department(id); return ok },
		Priority:   func(id string) bool { _, ok := p.Priority(id); return ok },
		Query:      func(text string) error { _, err := index.Parse(text); return err },
	}) {
		at := map[string]string{"paused_until": "pause.until", "stand_in": "pause.stand_in"}[bad.Key]
		if at == "" {
			at = bad.Key
		}
		faults = append(faults, Fault{bad.Text, prefix + at})
	}
	return faults
}

func (s *Server) recipient(ctx context.Context, id string) (subscription.Recipient, error) {
	r, err := s.cfg.Store.Recipient(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return r, noRecipient(id)
	}
	return r, err
}

func noRecipient(id string) error {
	return notFound(fmt.Sprintf("recipient %q", short(id)), "list them: GET /api/v1/recipients; POST /api/v1/recipients adds one")
}

func (s *Server) listRecipients(ctx context.Context, in *recipientsInput) (*recipientsOutput, error) {
	scope := scopeOf("recipients", nil)
	after := ""
	if in.Cursor != "" {
		if err := unseal(in.Cursor, scope, &after); err != nil {
			return nil, err
		}
	}
	all, err := s.cfg.Store.Recipients(ctx)
	if err != nil {
		return nil, err
	}
	out := &recipientsOutput{}
	out.Body.Recipients = []Recipient{}
	for i := range all {
		if all[i].ID <= after {
			continue
		}
		if len(out.Body.Recipients) == in.Limit {
			out.Body.Next = seal(scope, out.Body.Recipients[in.Limit-1].ID)
			break
		}
		out.Body.Recipients = append(out.Body.Recipients, recipientOf(&all[i]))
	}
	return out, nil
}

func (s *Server) getRecipient(ctx context.Context, in *recipientInput) (*recipientOutput, error) {
	r, err := s.recipient(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &recipientOutput{recipientOf(&r)}, nil
}

func (s *Server) createRecipient(ctx context.Context, in *createInput) (*recipientOutput, error) {
	r, err := s.recipientFrom(&in.Body)
	if err != nil {
		return nil, err
	}
	err = s.cfg.Save(audited(ctx, "recipient.add", r.ID, ""), r, true)
	if errors.Is(err, store.ErrExists) {
		return nil, problemOf(http.StatusConflict, "exists", "Exists already", fmt.Sprintf("there is a recipient %q", r.ID),
			"change it with PUT /api/v1/recipients/"+r.ID+", or take another id")
	}
	if err != nil {
		return nil, err
	}
	return s.getRecipient(ctx, &recipientInput{r.ID})
}

// unaltered holds a recipient to what who asks has read of it.
func unaltered(r *subscription.Recipient, ifMatch string) error {
	if ifMatch == "" {
		return nil
	}
	body, err := encoded(recipientOf(r))
	if err != nil || among([]string{ifMatch}, etag(body)) {
		return err
	}
	return problemOf(http.StatusPreconditionFailed, "altered", "Altered meanwhile",
		fmt.Sprintf("recipient %q is not as it was when you read it", r.ID),
		"read it again, lay your change on it, and send that with the new ETag")
}

// alter lets become say what a recipient becomes, or that it goes, as [store.Store.AlterRecipient] does.
func (s *Server) alter(ctx context.Context, id string, become func(subscription.Recipient) (*subscription.Recipient, error)) error {
	err := s.cfg.Store.AlterRecipient(ctx, id, become)
	if errors.Is(err, store.ErrNotFound) {
		return noRecipient(id)
	}
	return err
}

func (s *Server) replaceRecipient(ctx context.Context, in *replaceInput) (*recipientOutput, error) {
	if in.Body.ID == "" {
		in.Body.ID = in.ID
	}
	if in.Body.ID != in.ID {
		return nil, invalid([]Fault{{fmt.Sprintf("an id is for good; want %q or nothing, got %q", short(in.ID),
			short(in.Body.ID)), "body.id"}})
	}
	err := s.alter(audited(ctx, "recipient.change", in.ID, ""), in.ID, func(was subscription.Recipient) (*subscription.Recipient, error) {
		if err := unaltered(&was, in.IfMatch); err != nil {
			return nil, err
		}
		r, err := s.recipientFrom(&in.Body)
		return &r, err
	})
	if err != nil {
		return nil, err
	}
	return s.getRecipient(ctx, &recipientInput{in.ID})
}

func (s *Server) addSubscription(ctx context.Context, in *subscribeInput) (*recipientOutput, error) {
	r, err := s.recipient(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	what := in.Body.subscription()
	r.Follows = []subscription.Subscription{what} // what it follows already is not this request's matter
	var faults []Fault
	for _, f := range s.faultsOf(&r, "") {
		if place, ok := strings.CutPrefix(f.Location, "follows[0]"); ok {
			faults = append(faults, Fault{f.Message, "body" + place})
		}
	}
	if err := invalid(faults); err != nil {
		return nil, err
	}
	err = s.cfg.Store.Subscribe(audited(ctx, "subscription.add", in.ID, what.String()), in.ID, what)
	if err != nil && !errors.Is(err, store.ErrExists) { // which is what was asked for
		return nil, err
	}
	return s.getRecipient(ctx, &recipientInput{in.ID})
}

func (s *Server) removeSubscription(ctx context.Context, in *unsubscribeInput) (*recipientOutput, error) {
	ctx = audited(ctx, "subscription.remove", in.ID, "")
	err := s.alter(ctx, in.ID, func(r subscription.Recipient) (*subscription.Recipient, error) {
		var names []string
		for _, f := range r.Follows {
			names = append(names, f.Name)
		}
		i := slices.Index(names, in.Name)
		switch {
		case i < 0:
			return nil, notFound(fmt.Sprintf("subscription %q of %q", short(in.Name), r.ID), fault("", "subscription", in.Name, names).Message)
		case len(r.Follows) == 1:
			return nil, invalid([]Fault{{"is the last; a recipient who follows nothing is told nothing: remove the recipient", "query.name"}})
		}
		store.Detail(ctx, r.Follows[i].String())
		r.Follows = slices.Delete(r.Follows, i, i+1)
		return &r, nil
	})
	if err != nil {
		return nil, err
	}
	return s.getRecipient(ctx, &recipientInput{in.ID})
}

func (s *Server) deleteRecipient(ctx context.Context, in *deleteInput) (*struct{}, error) {
	return nil, s.alter(audited(ctx, "recipient.delete", in.ID, ""), in.ID, func(was subscription.Recipient) (*subscription.Recipient, error) {
		return nil, unaltered(&was, in.IfMatch)
	})
}
