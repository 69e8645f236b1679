package door

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"

	"utkik/internal/account"
)

// languages are those of the pages, the first is the one that a reader gets who asks for no other.
var languages = []string{"sv", "en"}

// texts are all words of the door's pages in one language. The files may hold neither more nor fewer keys.
type texts struct {
	SignInHead    string      `json:"sign_in_head"`
	SignInIntro   string      `json:"sign_in_intro"`
	SignInWith    string      `json:"sign_in_with"` // the organisation
	MailIntro     string      `json:"mail_intro"`
	MailOr        string      `json:"mail_or"` // before it, below the organisation's own
	Address       string      `json:"address"`
	AddressWrong  string      `json:"address_wrong"`
	SendLink      string      `json:"send_link"`
	NoWay         string      `json:"no_way"`
	Already       string      `json:"already"` // the name
	Onward        string      `json:"onward"`
	SentHead      string      `json:"sent_head"`
	Sent          string      `json:"sent"` // minutes
	AskAgain      string      `json:"ask_again"`
	PressIntro    string      `json:"press_intro"`
	PressButton   string      `json:"press_button"`
	LinkHead      string      `json:"link_head"`
	LinkDamaged   string      `json:"link_damaged"`
	LinkOver      string      `json:"link_over"`
	LinkElsewhere string      `json:"link_elsewhere"`
	SignedOutHead string      `json:"signed_out_head"`
	SignedOut     string      `json:"signed_out"`
	SignedOutHere string      `json:"signed_out_here"`
	SignOutThere  string      `json:"sign_out_there"`
	FailedHead    string      `json:"failed_head"`
	NoProvider    string      `json:"no_provider"`
	Stale         string      `json:"stale"`
	ProviderSaid  string      `json:"provider_said"` // what it said
	NotProved     string      `json:"not_proved"`
	NoRole        string      `json:"no_role"` // who
	TryAgain      string      `json:"try_again"`
	OftenHead     string      `json:"often_head"`
	Often         string      `json:"often"`
	DeniedHead    string      `json:"denied_head"`
	Denied        string      `json:"denied"`
	MustSignIn    string      `json:"must_sign_in"`
	BrokenHead    string      `json:"broken_head"`
	Broken        string      `json:"broken"`
	Letter        letterTexts `json:"letter"`
	Log           logTexts    `json:"log"`
}

func readTexts(raw []byte) (*texts, error) {
	var t texts
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return &t, dec.Decode(&t)
}

// lang is the reader's language: of the address, else Swedish, as on every other page.
func (d *Door) lang(r *http.Request) string {
	if asked := r.URL.Query().Get("lang"); d.texts[asked] != nil {
		return asked
	}
	return languages[0]
}

func (d *Door) in(r *http.Request) *texts { return d.texts[d.lang(r)] }

// frame is what every page of ours begins with.
type frame struct {
	T    *texts
	Lang string
}

func (d *Door) frame(r *http.Request) frame { return frame{d.in(r), d.lang(r)} }

// messagePage says one thing, and where to go from there.
type messagePage struct {
	frame
	Text   string
	Link   string // empty: nowhere
	Button string
}

// pressPage asks whoever has followed a link to press.
type pressPage struct {
	frame
	Action  string
	Address string
}

// signinPage shows the ways to sign in.
type signinPage struct {
	frame
	Already string // says who has signed in
	Onward  string
	OIDC    string // address, empty: none
	With    string
	Mail    string // address of the form, empty: none
	Back    string
	Typed   string
	Problem string
	NoWay   bool
}

// show lays a page out whole before a byte is sent.
func (d *Door) show(w http.ResponseWriter, r *http.Request, status int, title, page string, data any) {
	var b bytes.Buffer
	if err := errors.Join(d.pages.ExecuteTemplate(&b, "head.html", title), d.pages.ExecuteTemplate(&b, page+".html", data)); err != nil {
		d.cfg.Log.ErrorContext(r.Context(), "page not rendered", "url", r.Pattern, "err", err)
		http.Error(w, d.in(r).Broken, http.StatusInternalServerError)
		return
	}
	d.cfg.Show(w, r, Page{Title: title, Status: status, Body: template.HTML(b.String())}) // made safe by html/template
}

// broken is the page where something of ours went wrong.
func (d *Door) broken(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(r.Context().Err(), context.Canceled) { // else the reader went away
		d.cfg.Log.ErrorContext(r.Context(), "page failed", "url", r.Pattern, "err", err)
	}
	t := d.in(r)
	d.show(w, r, http.StatusInternalServerError, t.BrokenHead, "message", messagePage{d.frame(r), t.Broken, "", ""})
}

// signin shows the ways to sign in.
func (d *Door) signin(w http.ResponseWriter, r *http.Request) {
	d.showSignin(w, r, http.StatusOK, local(r.URL.Query().Get("back")), "", "")
}

func (d *Door) showSignin(w http.ResponseWriter, r *http.Request, status int, back, typed, wrong string) {
	t := d.in(r)
	p := signinPage{frame: d.frame(r), Back: back, Typed: typed, Problem: wrong}
	a := account.From(r.Context())
	switch {
	case a.ID != "":
		p.Already, p.Onward = a.Name, d.cfg.Root+back
	case !d.Ways():
		p.NoWay, status = true, http.StatusNotFound
	}
	if p.Already == "" && d.provider != nil {
		p.OIDC, p.With = d.address(r, "/signin/oidc", "back", back), d.provider.label()
	}
	if p.Already == "" && d.cfg.Mail.any() {
		p.Mail = d.address(r, "/signin/mail")
	}
	d.show(w, r, status, t.SignInHead, "signin", p)
}
