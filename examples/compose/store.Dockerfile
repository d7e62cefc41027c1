# The chat store of examples/spring-boot, built from the root of the repository.
FROM maven:3.9-eclipse-temurin-17 AS jar
WORKDIR /turnwire
COPY examples/spring-boot examples/spring-boot
RUN mvn --batch-mode --file examples/spring-boot -DskipTests package

FROM eclipse-temurin:17-jre
COPY --from=jar /turnwire/examples/spring-boot/target/chat-store.jar /srv/chat-store.jar
# Its files are in the database: it needs no home and no name.
USER 1000
ENV SPRING_PROFILES_ACTIVE=postgres
EXPOSE 8080
CMD ["java", "-jar", "/srv/chat-store.jar"]
