package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/digest"
)

func (p *program) digestCommand() *cobra.Command {
	var department, date, format, lang string
	var all bool
	c := &cobra.Command{
		Use:   "digest --department ID",
		Short: "Print what a department should know of one day",
		Long: `Prints what changed for a department on one day (Swedish time), what opens and closes soon, why each item is there, and
which sources were read. Nothing is sent.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if all == (department != "") {
				return usageError{errors.New("name a department with --department, or take --all; `utkik plan show` lists them")}
			}
			if lang != "sv" && lang != "en" {
				return usageError{fmt.Errorf("--lang %q: want sv or en", lang)}
			}
			if _, err := time.Parse(time.DateOnly, date); date != "" && err != nil {
				return usageError{fmt.Errorf("--date %q: want a day such as 2026-04-23", date)}
			}
			if p.json {
				format = "json"
			}
			render, err := renderer(format)
			if err != nil {
				return err
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				if date == "" {
					date = a.Now().In(app.Stockholm()).Format(time.DateOnly)
				}
				ids := []string{department}
				if all {
					ids = nil
					for _, d := range a.Plan.Departments {
						ids = append(ids, d.ID)
					}
				}
				ds, err := a.Digests(cmd.Context(), ids, date, lang)
				if err != nil {
					return err
				}
				for _, d := range ds {
					out, err := render(d)
					if err != nil {
						return err
					}
					if _, err := fmt.Fprintln(p.out, strings.TrimRight(out, "\n")); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	f := c.Flags()
	f.StringVar(&department, "department", "", "`id` of the department")
	f.BoolVar(&all, "all", false, "every department, one after the other")
	f.StringVar(&date, "date", "", "`day`, such as 2026-04-23 (default today in Swedish time)")
	f.StringVar(&format, "format", "text", "text, html or json")
	f.StringVar(&lang, "lang", "sv", "sv or en")
	return c
}

func renderer(format string) (func(digest.Digest) (string, error), error) {
	switch format {
	case "text":
		return func(d digest.Digest) (string, error) { return digest.Text(d), nil }, nil
	case "html":
		return func(d digest.Digest) (string, error) { b, err := digest.HTML(d); return string(b), err }, nil
	case "json":
		return func(d digest.Digest) (string, error) { b, err := digest.JSON(d); return string(b), err }, nil
	}
	return nil, usageError{fmt.Errorf("--format %q: want text, html or json", format)}
}
