package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"utkik/internal/account"
	"utkik/internal/watch"
)

// Keeps is how long is kept what is known of people; 0 is for ever.
type Keeps struct {
	Mails    time.Duration // what mails said
	Audit    time.Duration // who wrote what
	Sessions time.Duration // of somebody who signed in, without a request
}

// aboutTexts are the words of the page about the service.
type aboutTexts struct {
	Heading     string   `json:"heading"`
	Watched     string   `json:"watched"`
	WatchedIn   string   `json:"watched_in"` // sources, priorities, plan
	WatchedMore []string `json:"watched_more"`
	ToSources   string   `json:"to_sources"`
	ToPlan      string   `json:"to_plan"`
	Matching    string   `json:"matching"`
	MatchingIn  []string `json:"matching_in"`
	Dates       string   `json:"dates"`
	DatesIn     []string `json:"dates_in"`
	Privacy     string   `json:"privacy"`
	PrivacyIn   []string `json:"privacy_in"`
	Readers     string   `json:"readers"` // who reads without signing in
	SignedIn    string   `json:"signed_in"`
	MailsKept   string   `json:"mails_kept"` // days
	MailsEver   string   `json:"mails_ever"`
	AuditKept   string   `json:"audit_kept"`
	AuditEver   string   `json:"audit_ever"`
	Access      string   `json:"access"`
	AccessIn    []string `json:"access_in"`
	Known       string   `json:"known"`
	KnownIn     []string `json:"known_in"`
	Tested      string   `json:"tested"`
	TestedIn    []string `json:"tested_in"`
	Contact     string   `json:"contact"`
	ContactTo   string   `json:"contact_to"`
	ContactNone string   `json:"contact_none"`
	Authority   string   `json:"authority"`
	ProgramsIn  string   `json:"programs_in"`
	API         string   `json:"api"`
}

// aboutPage says what the service is, what it keeps, and how well everybody can use it.
type aboutPage struct {
	Frame
	Watched       string
	Sources, Plan string // addresses
	API           string // likewise; empty where there is none
	Privacy       []string
	Contact       webLink // URL is empty where none is configured
	Digg          string
}

// digg is where a citizen complains of a Swedish authority's inaccessible service (lag 2018:1937).
const digg = "https://www.digg.se/tdosanmalan"

func (s *Server) about(_ http.ResponseWriter, r *http.Request) (view, error) {
	f := s.frame(r)
	t := &f.T.About
	p := aboutPage{Frame: f, Sources: f.address("/sources", url.Values{}), Plan: f.address("/plan", url.Values{}), Digg: digg}
	p.Title = f.titled(t.Heading)
	if s.cfg.API != "" {
		p.API = f.address(s.cfg.API, url.Values{})
	}
	all, err := s.cfg.Standing(r.Context(), "")
	if err != nil {
		return view{}, err
	}
	watched := 0
	for _, st := range all {
		if st.State != watch.Disabled {
			watched++
		}
	}
	p.Watched = fmt.Sprintf(t.WatchedIn, watched, f.Plan, len(s.cfg.Plan.Priorities))
	kept := func(text, ever string, d time.Duration) string {
		if d == 0 {
			return ever
		}
		return fmt.Sprintf(text, int(d.Hours()/24+0.5))
	}
	if s.cfg.Anyone >= account.Reader {
		p.Privacy = append(p.Privacy, t.Readers)
	}
	if s.cfg.SignIn {
		p.Privacy = append(p.Privacy, fmt.Sprintf(t.SignedIn, int(s.cfg.Keeps.Sessions.Hours()+0.5)))
	}
	p.Privacy = append(p.Privacy, t.PrivacyIn...)
	p.Privacy = append(p.Privacy, kept(t.MailsKept, t.MailsEver, s.cfg.Keeps.Mails), kept(t.AuditKept, t.AuditEver, s.cfg.Keeps.Audit))
	if c := s.cfg.Contact; c != "" {
		p.Contact = webLink{c, cmp.Or(webHost(c), c)}
		if webHost(c) == "" && strings.Contains(c, "@") {
			p.Contact.URL = "mailto:" + c
		}
	}
	return view{page: "about", data: p}, nil
}
