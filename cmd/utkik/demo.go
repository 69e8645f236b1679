package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"utkik/config"
	"utkik/internal/app"
	"utkik/internal/demo"
	"utkik/internal/digest"
)

// demoConfig watches the sample portals, which hold less than the real ones.
const demoConfig = `log_level: warn
sources:
  - {id: ft-portal, base: %[1]q, enabled: true, min_items: 20}
  - {id: have-your-say, base: %[1]q, enabled: true, min_items: 5}
crawler: {only: "ft-portal, have-your-say", allow_private: true, delay: 0s}
`

func (p *program) demoCommand() *cobra.Command {
	var once bool
	var department, lang string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Everything, offline, from nothing: two sample days, a digest, the page",
		Long: `Serves two sample portals on the loopback in the real formats, reads them on two days, matches what they publish to the plan
rvn-2020 of Region Västernorrland, and prints what a department is told on the second day. Then it serves the search page
until it is stopped; --once ends after printing. Nothing leaves this machine, and nothing is left behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if lang != "sv" && lang != "en" {
				return usageError{fmt.Errorf("--lang %q: want sv or en", lang)}
			}
			dir, err := os.MkdirTemp("", "utkik-demo-")
			if err != nil {
				return fmt.Errorf("demo: %v", err)
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			d := demonstration{program: p, dir: dir, department: department, lang: lang, once: once}
			return d.run(cmd.Context())
		},
	}
	f := c.Flags()
	f.BoolVar(&once, "once", false, "end after printing")
	f.StringVar(&department, "department", "regional-utveckling", "`id` of the department whose digest is printed")
	f.StringVar(&lang, "lang", "sv", "sv or en")
	f.StringVar(&p.flags.Listen, "listen", "", "`address` of the page (default 127.0.0.1:8080, or any free port)")
	return c
}

type demonstration struct {
	*program
	dir, department, lang string
	once                  bool
}

func (d *demonstration) run(ctx context.Context) error {
	portal := demo.New()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("demo: %v", err)
	}
	server := &http.Server{Handler: portal, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close, and says so
	defer server.Close()
	file := filepath.Join(d.dir, "utkik.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, demoConfig, "http://"+l.Addr().String()), 0o644); err != nil {
		return fmt.Errorf("demo: %v", err)
	}

	fmt.Fprintf(d.out, "Utkik's demo: two sample portals on the loopback, two days. Nothing leaves this machine.\n\n")
	days := portal.Days()
	for i, day := range days {
		portal.SetDay(i)
		last := i == len(days)-1
		if err := d.day(ctx, file, day, last); err != nil {
			return err
		}
	}
	if d.once {
		return nil
	}
	return d.serve(ctx, file, days[len(days)-1])
}

// at opens the demo's installation as of a time.
func (d *demonstration) at(ctx context.Context, file string, now time.Time) (*app.App, error) {
	cfg, err := config.Load(config.Options{File: file, Flags: config.Flags{
		Data: filepath.Join(d.dir, "data"), Now: now.Format(time.RFC3339), Listen: d.flags.Listen, LogLevel: d.flags.LogLevel,
	}})
	if err != nil {
		return nil, err
	}
	return d.openWith(ctx, cfg)
}

// day reads the portals once and tells what came of it; on the last day the whole digest.
func (d *demonstration) day(ctx context.Context, file string, day time.Time, last bool) (err error) {
	a, err := d.at(ctx, file, day)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if _, ok := a.Plan.Department(d.department); !ok {
		return &app.UnknownError{What: "department", Names: []string{fmt.Sprintf("%q", d.department)}, See: "utkik plan show"}
	}
	lines, err := a.Crawl(ctx, nil)
	if err != nil {
		return err
	}
	if err := a.CatchUp(ctx); err != nil {
		return err
	}
	for _, l := range lines {
		fmt.Fprintf(d.out, "%s  %-13s  %2d read, %2d new, %d changed, %d held back: %s\n",
			day.Format(time.DateOnly), l.Source, l.Seen, l.Added, l.Changed, l.Quarantined, cmp.Or(l.Error, result(l)))
	}
	if !last {
		return nil
	}
	told, err := a.Digest(ctx, d.department, day.In(app.Stockholm()).Format(time.DateOnly), d.lang)
	if err != nil {
		return err
	}
	rule := strings.Repeat("-", 72)
	fmt.Fprintf(d.out, "\n%s\n%s\n%s\n\n%s\n%s\n", rule, digest.Subject(told), rule, strings.TrimSpace(digest.Text(told)), rule)
	return nil
}

func (d *demonstration) serve(ctx context.Context, file string, now time.Time) (err error) {
	a, err := d.at(ctx, file, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	l, err := net.Listen("tcp", a.Config.Web.Listen)
	if err != nil && d.flags.Listen == "" {
		l, err = net.Listen("tcp", "127.0.0.1:0") // somebody else has the usual port
	}
	if err != nil {
		return fmt.Errorf("demo: %v; choose another address with --listen", err)
	}
	fmt.Fprintf(d.out, "\nThe page: http://%s/   (stop with Ctrl-C)\n", l.Addr())
	return a.Serve(ctx, l, app.Only(app.Web))
}
