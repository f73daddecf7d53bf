"""Plain Django views, a ModelForm page, and one DRF view set."""

from django.db.models import Count
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.generic import CreateView, ListView
from rest_framework import pagination, permissions, serializers, viewsets

from .forms import AccountForm, NoteForm
from .models import Account, Note


class Recent(ListView):
    """The newest notes of everybody: asks every shard, and pages."""

    queryset = Note.objects.scatter().order_by("-created", "-id")
    template_name = "notebook/notes.html"
    paginate_by = 5


class SignUp(CreateView):
    form_class = AccountForm
    template_name = "notebook/form.html"

    def get_success_url(self):
        return f"/{self.object.username}/"


def notebook(request, username):
    """One person's notes: one shard."""
    account = get_object_or_404(Account, username=username)
    notes = account.notes.order_by("-pinned", "-id")[:20]
    return render(request, "notebook/notes.html", {"object_list": notes})


def note(request, pk):
    """One note, by its id alone."""
    found = get_object_or_404(Note.objects.select_related("account"), pk=pk)
    return JsonResponse({"title": found.title, "by": found.account.username})


def bookmarks(request, username):
    """Notes that may live anywhere: prefetched, one query for each shard involved."""
    account = get_object_or_404(Account, username=username)
    found = account.bookmark_set.order_by("id").prefetch_related("note__account")
    rows = [{"title": mark.note.title, "by": mark.note.account.username} for mark in found]
    return JsonResponse({"bookmarks": rows})


def numbers(request):
    """Figures over all shards."""
    notes = Note.objects.scatter()
    figures = notes.aggregate(notes=Count("id"), titles=Count("title", distinct=True))
    return JsonResponse({**figures, "accounts": Account.objects.scatter().count()})


def write(request, username):
    """The form page: write a note, or be told what is wrong with it."""
    account = get_object_or_404(Account, username=username)
    form = NoteForm(request.POST or None, initial={"account": account})
    if form.is_valid():
        form.save()
        return redirect("notebook", username)
    return render(request, "notebook/form.html", {"form": form})


class NoteSerializer(serializers.ModelSerializer):
    # All shards' accounts for the browsable API's select; a given one is asked of its own shard.
    account = serializers.PrimaryKeyRelatedField(queryset=Account.objects.scatter())

    class Meta:
        model = Note
        fields = ["id", "account", "title", "body", "pinned"]

    def validate_account(self, account):
        if self.instance and account != self.instance.account:
            raise serializers.ValidationError("A note stays with its account.")
        return account


class NotePages(pagination.CursorPagination):
    page_size = 4
    ordering = "-id"


class NoteViewSet(viewsets.ModelViewSet):
    """/api/notes/: list, retrieve, create, update and delete."""

    queryset = Note.objects.scatter()
    serializer_class = NoteSerializer
    pagination_class = NotePages
    permission_classes = [permissions.AllowAny]
