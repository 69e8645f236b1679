package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// languages are those of the pages, the first is the one that a reader gets who asks for no other.
var languages = []string{"sv", "en"}

// texts are all words of the pages in one language. A struct, so that a misspelt name does not compile into a page:
// templates are executed in tests, and the files may hold neither more nor fewer keys.
type texts struct {
	Site          string            `json:"site"`
	Tagline       string            `json:"tagline"`
	Skip          string            `json:"skip"`
	OtherLanguage string            `json:"other_language"`
	SearchLabel   string            `json:"search_label"`
	SearchHint    string            `json:"search_hint"`
	SearchButton  string            `json:"search_button"`
	Narrow        string            `json:"narrow"`
	ShowFilters   string            `json:"show_filters"`
	Apply         string            `json:"apply"`
	More          string            `json:"more"` // how many
	Clear         string            `json:"clear"`
	Chosen        string            `json:"chosen"`
	Remove        string            `json:"remove"`
	HitsNone      string            `json:"hits_none"`
	HitsOne       string            `json:"hits_one"`
	HitsMany      string            `json:"hits_many"`
	PageOf        string            `json:"page_of"` // this page, all pages
	EmptyHelp     string            `json:"empty_help"`
	EmptyWide     string            `json:"empty_wide"`
	LoosenWord    string            `json:"loosen_word"`
	Loosen        string            `json:"loosen"` // the filter
	Suggest       suggestTexts      `json:"suggest"`
	Export        exportTexts       `json:"export"`
	Save          saveTexts         `json:"save"`
	Words         string            `json:"words"` // what was typed, among the filters
	DidYouMean    string            `json:"did_you_mean"`
	AlsoSought    string            `json:"also_sought"`
	OnlyTyped     string            `json:"only_typed"`
	TypedAlone    string            `json:"typed_alone"`
	AllWords      string            `json:"all_words"`
	SortLabel     string            `json:"sort_label"`
	Sorts         map[string]string `json:"sorts"`
	Facets        map[string]string `json:"facets"`
	Kinds         map[string]string `json:"kinds"`
	Statuses      map[string]string `json:"statuses"`

	Values map[string]map[string]string `json:"values"` // of the other facets with words of their own

	Pages           string            `json:"pages"`
	Previous        string            `json:"previous"`
	Next            string            `json:"next"`
	Closes          string            `json:"closes"`
	Closed          string            `json:"closed"`
	Opens           string            `json:"opens"`
	OpenedOn        string            `json:"opened_on"`
	ExpectedIn      string            `json:"expected_in"`
	NoDeadline      string            `json:"no_deadline"`
	Today           string            `json:"today"`
	Tomorrow        string            `json:"tomorrow"`
	InDays          string            `json:"in_days"`
	Gone            string            `json:"gone"`      // since when
	AtSource        string            `json:"at_source"` // the source's host
	Facts           string            `json:"facts"`
	Programme       string            `json:"programme"`
	CallName        string            `json:"call_name"`
	Identifier      string            `json:"identifier"`
	Budget          string            `json:"budget"`
	PerGrant        string            `json:"per_grant"`
	Grants          string            `json:"grants"`
	SourceTitle     string            `json:"source_title"`
	Links           string            `json:"links"`
	AlsoAt          string            `json:"also_at"`
	PartOf          string            `json:"part_of"`
	Parts           string            `json:"parts"`
	Odds            string            `json:"odds"`     // the days
	OddsDay         string            `json:"odds_day"` // day, sources
	LinkedBy        map[string]string `json:"linked_by"`
	ActionTypes     string            `json:"action_types"`
	Eligible        string            `json:"eligible"`
	SourceName      string            `json:"source_name"`
	FirstSeen       string            `json:"first_seen"`
	Why             string            `json:"why"`
	WhyPlan         string            `json:"why_plan"`
	WhyCall         string            `json:"why_call"`
	WhyFields       map[string]string `json:"why_fields"` // by field of the exchange format
	WhyKinds        map[string]string `json:"why_kinds"`  // whose sentence it is, by kind of reason, where not the plan's
	WhyAgainst      string            `json:"why_against"`
	WhyPoints       string            `json:"why_points"` // how many
	WhyNone         string            `json:"why_none"`
	Networks        string            `json:"networks"`
	FullText        string            `json:"full_text"`
	NoText          string            `json:"no_text"`
	History         string            `json:"history"`
	HistoryNone     string            `json:"history_none"`
	Baseline        string            `json:"baseline"` // of a call that stood there when its source was first read
	Mended          string            `json:"mended"`   // of a change in our reading of a call
	Returned        string            `json:"returned"` // of what was gone from its source
	Events          map[string]string `json:"events"`
	Fields          map[string]string `json:"fields"`
	ChangeBoth      string            `json:"change_both"` // old, new
	ChangeTo        string            `json:"change_to"`
	ChangeFrom      string            `json:"change_from"`
	Characters      string            `json:"characters"`
	Months          []string          `json:"months"`
	Weekdays        []string          `json:"weekdays"`
	DateFormat      string            `json:"date_format"` // weekday, day, month, year
	ClockFormat     string            `json:"clock_format"`
	Group           string            `json:"group"` // between groups of three digits
	Euro            string            `json:"euro"`
	ProblemTitle    string            `json:"problem_title"`
	ProblemNotFound string            `json:"problem_not_found"`
	ProblemDenied   string            `json:"problem_denied"`
	ProblemSignIn   string            `json:"problem_sign_in"`
	ProblemOurs     string            `json:"problem_ours"`
	ProblemSlow     string            `json:"problem_slow"`
	ProblemQuery    string            `json:"problem_query"`
	ProblemForm     string            `json:"problem_form"`
	Foot            string            `json:"foot"`
	Nav             navTexts          `json:"nav"`
	Sheet           sheetTexts        `json:"sheet"`
	Dead            deadlineTexts     `json:"dead"`
	Plan            planTexts         `json:"plan"`
	Sources         sourceTexts       `json:"sources"`
	Digests         digestTexts       `json:"digests"`
	About           aboutTexts        `json:"about"`
	Act             actTexts          `json:"act"`
	Feed            feedTexts         `json:"feed"`
	Door            doorTexts         `json:"door"`
}

func readTexts(lang string) (*texts, error) {
	raw, err := files.ReadFile("locale/" + lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("web: %v", err)
	}
	var t texts
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&t); err != nil {
		return nil, fmt.Errorf("web: locale/%s.json: %v", lang, err)
	}
	return &t, nil
}

// Frame is what every page has around its own content.
type Frame struct {
	T        *texts
	Lang     string
	Title    string
	Plan     string
	Style    string // address of the style sheet
	Script   string // address of the search page's script
	Root     string // path under which the site stands, such as /o/skogsby; empty where it has its host for itself
	Home     string // address of the first page, in the reader's language
	Nav      []navItem
	Feeds    string // of the page that lists feeds
	Feed     string // of the feed of what the page shows; empty when there is none
	SwitchTo string // address of the same page in the other language
	Other    string // that language

	SwitchHome string // address of the first page in the other language
	Canonical  string // the page's one address, where several lead to it; empty: not said
	Kept       []param
	visitor
}

// navTexts are the names of the site's sections.
type navTexts struct {
	Label     string `json:"label"`
	Search    string `json:"search"`
	Deadlines string `json:"deadlines"`
	Plan      string `json:"plan"`
	Sources   string `json:"sources"`
	Digests   string `json:"digests"`
	About     string `json:"about"`
}

// navItem is a section of the site. Here tells how the page that is shown stands to it, as aria-current says it: page, true
// or nothing.
type navItem struct{ Link, Name, Here string }

// navigation lists the sections of the site, with the one that a page belongs to marked.
func navigation(f Frame, path string) []navItem {
	t := &f.T.Nav
	var out []navItem
	for _, section := range []struct{ path, name string }{
		{"/", t.Search},
		{"/deadlines", t.Deadlines},
		{"/plan", t.Plan},
		{"/sources", t.Sources},
		{"/digests", t.Digests},
		{"/about", t.About},
	} {
		item := navItem{Link: f.address(section.path, url.Values{}), Name: section.name}
		switch {
		case path == section.path:
			item.Here = "page"
		case section.path != "/" && strings.HasPrefix(path, section.path+"/"):
			item.Here = "true"
		}
		out = append(out, item)
	}
	return out
}

// param is what a form hands on without showing it.
type param struct{ Name, Value string }

// lang is the reader's language: of the address, else Swedish. What the browser says it would like is not asked, since
// most Swedish offices have browsers that ask for English.
func (s *Server) lang(r *http.Request) string {
	asked := r.URL.Query().Get("lang")
	if _, ok := s.texts[asked]; ok {
		return asked
	}
	return languages[0]
}

func (s *Server) frame(r *http.Request) Frame {
	lang := s.lang(r)
	f := Frame{T: s.texts[lang], Lang: lang, Other: languages[0], Title: s.texts[lang].Site, Plan: s.cfg.Plan.Name, Style: s.style, Script: s.script, Root: s.cfg.Root}
	if lang == languages[0] {
		f.Other = languages[1]
	} else {
		f.Kept = []param{{"lang", lang}}
	}
	if lang == "en" && s.cfg.Plan.NameEN != "" {
		f.Plan = s.cfg.Plan.NameEN
	}
	f.Nav = navigation(f, r.URL.Path)
	f.Home, f.Feeds = f.address("/", url.Values{}), f.address("/feeds", url.Values{})
	f.visitor = s.visitor(r, f)
	other := Frame{Lang: f.Other, Root: f.Root}
	f.SwitchHome = other.address("/", url.Values{})
	f.SwitchTo = other.address(r.URL.EscapedPath(), r.URL.Query())
	return f
}

// address is that of a page in the reader's language: every link within the site is made here. The path is one of
// [Server.Routes], whatever the site stands under.
func (f Frame) address(path string, q url.Values) string {
	path = f.Root + path
	q.Del("lang")
	if f.Lang != languages[0] {
		q.Set("lang", f.Lang)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// decimal writes a number with one decimal, as the reader's language does.
func (f Frame) decimal(x float64) string {
	s := strconv.FormatFloat(x, 'f', 1, 64)
	if f.Lang == "sv" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// titled puts what a page is about before the site's name, cut to what a window's tab can use.
func (f Frame) titled(about string) string { return short(about, 100) + " – " + f.T.Site }

// short cuts s to n letters.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n-1])) + "…"
	}
	return s
}

// tag is what a source calls a text's language, where a page can say it; empty otherwise.
func tag(lang string) string {
	first, rest, more := strings.Cut(lang, "-")
	letters := func(s string, least, most int) bool {
		return len(s) >= least && len(s) <= most && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	}
	if !letters(first, 2, 3) || more && !letters(rest, 2, 4) {
		return ""
	}
	return lang
}

func number(n int64, group string) string {
	s := fmt.Sprint(n)
	var b strings.Builder
	for i, d := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(d)
	}
	return b.String()
}
