package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// languages are those of the pages, the first is the one that a reader gets who asks for no other.
var languages = []string{"sv", "en"}

// texts are all words of the pages in one language. A struct, so that a misspelt name does not compile into a page:
// templates are executed in tests, and the files may hold neither more nor fewer keys.
type texts struct {
	Site            string            `json:"site"`
	Tagline         string            `json:"tagline"`
	Skip            string            `json:"skip"`
	OtherLanguage   string            `json:"other_language"`
	SearchLabel     string            `json:"search_label"`
	SearchHint      string            `json:"search_hint"`
	SearchButton    string            `json:"search_button"`
	Narrow          string            `json:"narrow"`
	Clear           string            `json:"clear"`
	Remove          string            `json:"remove"`
	HitsNone        string            `json:"hits_none"`
	HitsOne         string            `json:"hits_one"`
	HitsMany        string            `json:"hits_many"`
	EmptyHelp       string            `json:"empty_help"`
	SortLabel       string            `json:"sort_label"`
	Sorts           map[string]string `json:"sorts"`
	Facets          map[string]string `json:"facets"`
	Kinds           map[string]string `json:"kinds"`
	Statuses        map[string]string `json:"statuses"`
	Previous        string            `json:"previous"`
	Next            string            `json:"next"`
	Closes          string            `json:"closes"`
	Closed          string            `json:"closed"`
	Opens           string            `json:"opens"`
	NoDeadline      string            `json:"no_deadline"`
	Today           string            `json:"today"`
	Tomorrow        string            `json:"tomorrow"`
	InDays          string            `json:"in_days"`
	AtSource        string            `json:"at_source"`
	Facts           string            `json:"facts"`
	Programme       string            `json:"programme"`
	CallName        string            `json:"call_name"`
	Identifier      string            `json:"identifier"`
	Budget          string            `json:"budget"`
	PerGrant        string            `json:"per_grant"`
	Grants          string            `json:"grants"`
	Deadlines       string            `json:"deadlines"`
	ActionTypes     string            `json:"action_types"`
	Eligible        string            `json:"eligible"`
	SourceName      string            `json:"source_name"`
	FirstSeen       string            `json:"first_seen"`
	Why             string            `json:"why"`
	WhyPlan         string            `json:"why_plan"`
	WhyCall         string            `json:"why_call"`
	WhyNone         string            `json:"why_none"`
	Networks        string            `json:"networks"`
	FullText        string            `json:"full_text"`
	NoText          string            `json:"no_text"`
	History         string            `json:"history"`
	When            string            `json:"when"`
	What            string            `json:"what"`
	From            string            `json:"from"`
	To              string            `json:"to"`
	Events          map[string]string `json:"events"`
	Fields          map[string]string `json:"fields"`
	Months          []string          `json:"months"`
	Weekdays        []string          `json:"weekdays"`
	DateFormat      string            `json:"date_format"` // weekday, day, month, year
	ClockFormat     string            `json:"clock_format"`
	Group           string            `json:"group"` // between groups of three digits
	Euro            string            `json:"euro"`
	Yes             string            `json:"yes"`
	ProblemTitle    string            `json:"problem_title"`
	ProblemNotFound string            `json:"problem_not_found"`
	ProblemOurs     string            `json:"problem_ours"`
	ProblemSlow     string            `json:"problem_slow"`
	ProblemQuery    string            `json:"problem_query"`
	Foot            string            `json:"foot"`
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
	SwitchTo string // address of the same page in the other language
	Other    string // that language
}

// lang is the reader's language: of the address, else of the browser's first choice among ours, else Swedish.
func (s *Server) lang(r *http.Request) string {
	asked := r.URL.Query().Get("lang")
	if _, ok := s.texts[asked]; ok {
		return asked
	}
	return languages[0]
}

func (s *Server) frame(r *http.Request) Frame {
	lang := s.lang(r)
	other := "en"
	if lang == "en" {
		other = "sv"
	}
	q := r.URL.Query()
	q.Set("lang", other)
	f := Frame{T: s.texts[lang], Lang: lang, Other: other, Plan: s.cfg.Plan.Name, SwitchTo: (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String()}
	if lang == "en" && s.cfg.Plan.NameEN != "" {
		f.Plan = s.cfg.Plan.NameEN
	}
	return f
}

// Lang of the address, for links that keep it.
func (f Frame) Keep() string {
	if f.Lang == languages[0] {
		return ""
	}
	return "?lang=" + f.Lang
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
